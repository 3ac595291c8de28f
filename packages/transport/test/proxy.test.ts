/** Proxies: which requests go through one, and that what goes through arrives. */
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { createHttpClient } from '../src/http-client.ts';
import type { HttpClient } from '../src/http-client.ts';
import { proxyFor } from '../src/proxy-choice.ts';
import { plainTunnelHeaders } from '../src/proxy-tunnel.ts';
import { createTrust } from '../src/tls-trust.ts';
import { client, collect, registry } from './scripted-registry.ts';

const PROXY = 'http://proxy.example:3128';

const CHOICES: readonly (readonly [string, Record<string, string>, boolean])[] = [
  ['https://a.io/', { HTTPS_PROXY: PROXY }, true],
  ['https://a.io/', { https_proxy: 'proxy.example:3128' }, true],
  ['https://a.io/', { HTTP_PROXY: PROXY }, false],
  ['https://a.io/', { ALL_PROXY: PROXY }, true],
  ['http://a.io/', { HTTP_PROXY: PROXY }, true],
  ['http://a.io/', { HTTP_PROXY: PROXY, REQUEST_METHOD: 'GET' }, false],
  ['http://a.io/', { http_proxy: PROXY, REQUEST_METHOD: 'GET' }, true],
  ['https://a.io/', { HTTPS_PROXY: '' }, false],
  ['https://a.io/', { HTTPS_PROXY: PROXY, https_proxy: '' }, true],
  ['https://a.io/', { HTTPS_PROXY: PROXY, NO_PROXY: 'a.io', no_proxy: '' }, false],
  ['https://a.io/', { HTTPS_PROXY: PROXY, NO_PROXY: '*' }, false],
  ['https://a.io/', { HTTPS_PROXY: PROXY, NO_PROXY: 'b.io, a.io' }, false],
  ['https://x.a.io/', { HTTPS_PROXY: PROXY, NO_PROXY: 'a.io' }, false],
  ['https://x.a.io/', { HTTPS_PROXY: PROXY, NO_PROXY: '.a.io' }, false],
  ['https://x.a.io/', { HTTPS_PROXY: PROXY, no_proxy: '*.a.io' }, false],
  ['https://xa.io/', { HTTPS_PROXY: PROXY, NO_PROXY: 'a.io' }, true],
  ['https://a.io:5000/', { HTTPS_PROXY: PROXY, NO_PROXY: 'a.io:5000' }, false],
  ['https://a.io/', { HTTPS_PROXY: PROXY, NO_PROXY: 'a.io:5000' }, true],
  ['https://10.1.2.3/', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, false],
  ['https://11.1.2.3/', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, true],
  ['https://10.1.2.3/', { HTTPS_PROXY: PROXY, NO_PROXY: '10.1.2.3' }, false],
  ['https://[fd00::5]/', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::/8' }, false],
  ['https://[2001:db8::5]/', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::/8' }, true],
  ['https://localhost:5000/', { HTTPS_PROXY: PROXY }, false],
  ['https://127.0.0.1:5000/', { HTTPS_PROXY: PROXY }, false],
];

for (const [url, environment, isProxied] of CHOICES) {
  const verb = isProxied ? 'uses' : 'bypasses';
  test(`${url} with ${JSON.stringify(environment)} ${verb} the proxy`, () => {
    const proxy = proxyFor(new URL(url), environment);
    assert.equal(proxy?.host, isProxied ? 'proxy.example:3128' : undefined);
  });
}

test('a proxy that is neither http nor https is refused', () => {
  const environment = { HTTPS_PROXY: 'socks5://proxy.example:1080' };
  assert.throws(() => proxyFor(new URL('https://a.io/'), environment), { code: 'BAD_PROXY' });
});

for (const [written, meant] of [
  ['u:p%40w', 'u:p@w'],
  ['u:p%w', 'u:p%w'],
  ['u:100%', 'u:100%'],
  ['u:a b\u00e9', 'u:a b\u00e9'],
  ['u:%c3%a9%ff', 'u:\u00e9\ufffd'],
] as const) {
  test(`the password of a proxy that is written ${written} is sent as ${meant}`, () => {
    const headers = plainTunnelHeaders(new URL(`http://${written}@proxy.example`));
    const [, encoded = ''] = headers['proxy-authorization']?.split(' ') ?? [];
    assert.equal(Buffer.from(encoded, 'base64').toString('utf8'), meant);
  });
}

interface Proxy {
  readonly url: string;
  readonly lines: string[];
  readonly sent: (string | undefined)[];
}

/** A proxy that leads every host to 127.0.0.1:PORT of the name asked for. */
async function startProxy(t: TestContext, status = 200): Promise<Proxy> {
  const lines: string[] = [];
  const sent: (string | undefined)[] = [];
  const sockets = new Set<net.Socket>();
  const server = http.createServer((request, response) => {
    lines.push(`${request.method ?? ''} ${request.url ?? ''}`);
    sent.push(request.headers['proxy-authorization']);
    const target = new URL(request.url ?? '');
    http.get({ host: '127.0.0.1', port: target.port, path: target.pathname }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
  });
  server.on('connect', (request, socket: net.Socket) => {
    lines.push(`CONNECT ${request.url ?? ''}`);
    sent.push(request.headers['proxy-authorization']);
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = net.connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    sockets.add(socket).add(upstream);
    for (const end of [socket, upstream]) end.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as net.AddressInfo;
  return { url: `http://u:p%40w@127.0.0.1:${port}`, lines, sent };
}

function clientThrough(t: TestContext, proxy: Proxy): HttpClient {
  const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
  const made = createHttpClient({
    tlsProfile: createTrust({ environment, isVerified: false, certRoots: [] }),
    environment,
    userAgent: 'test',
    connectTimeoutMs: 2_000,
    idleTimeoutMs: 2_000,
  });
  t.after(() => {
    made.close();
  });
  return made;
}

const CREDENTIALS = `Basic ${Buffer.from('u:p@w').toString('base64')}`;

async function get(client: HttpClient, url: URL): Promise<string> {
  const response = await client.send({ method: 'GET', url, headers: {} });
  return (await collect(response.body)).toString('utf8');
}

test('https goes through a tunnel that several requests share', async (t) => {
  const server = await registry(t, { tls: true });
  const proxy = await startProxy(t);
  const client = clientThrough(t, proxy);
  const port = new URL(server.url).port;
  const url = new URL(`https://registry.test:${port}/v2/`);
  assert.equal(await get(client, url), '{}');
  assert.equal(await get(client, url), '{}');
  assert.deepEqual(proxy.lines, [`CONNECT registry.test:${port}`]);
  assert.deepEqual(proxy.sent, [CREDENTIALS]);
  assert.ok(server.requests.every(({ headers }) => headers['proxy-authorization'] === undefined));
});

test('plain http is asked of the proxy by its whole address', async (t) => {
  const server = await registry(t);
  const proxy = await startProxy(t);
  const address = `http://registry.test:${new URL(server.url).port}/v2/`;
  assert.equal(await get(clientThrough(t, proxy), new URL(address)), '{}');
  assert.deepEqual(proxy.lines, [`GET ${address}`]);
  assert.deepEqual(proxy.sent, [CREDENTIALS]);
});

test('a proxy that refuses is named in the error, without its password', async (t) => {
  const url = new URL('https://registry.test/v2/');
  for (const [status, words] of [[407, 'wants another user'], [403, 'answered 403']] as const) {
    const proxy = await startProxy(t, status);
    await assert.rejects(get(clientThrough(t, proxy), url), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, new RegExp(`proxy "127\\.0\\.0\\.1:\\d+" ${words}`));
      assert.ok(!error.message.includes('p%40w'));
      return true;
    });
  }
});

test('an insecure registry is asked without TLS where the proxy allows no tunnel', async (t) => {
  const server = await registry(t);
  server.content.putImage({ repository: 'a/b', tag: 'v1', layers: [] });
  const proxy = await startProxy(t, 403);
  const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
  const host = `registry.test:${new URL(server.url).port}`;
  const session = client(t, { environment }).session({ host, isInsecure: true });
  const asked = { path: '/v2/a/b/tags/list', repository: 'a/b', action: 'list' };
  assert.equal((await session.fetch(asked)).status, 200);
  assert.match(proxy.lines.join(), /^CONNECT [^,]*,GET http:/);
});
