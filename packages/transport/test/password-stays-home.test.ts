/**
 * Hosts that a registry or an image leads to, and that ask for the password in every way there is
 * (CVE-2020-15157): redirects, foreign layers, places of uploads, token servers.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { EngineError } from '@berth/errors';
import { parseDigest, parseReference } from '@berth/oci';
import { TEST_AUTHORITY } from '@berth/testing';
import { registrySink } from '../src/registry-sink.ts';
import { registrySource } from '../src/registry-source.ts';
import { client, collect, noise, registry, scratch } from './scripted-registry.ts';

const CREDS = { creds: 'ann:s3cret' };

interface Host {
  readonly host: string;
  readonly seen: IncomingMessage[];
}

async function hosting(t: TestContext, answer: RequestListener): Promise<Host> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request.resume());
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** A stranger that wants a password, and says that it is its own token server. */
async function asking(t: TestContext, scheme: 'Basic' | 'Bearer'): Promise<Host> {
  const stranger: Host = await hosting(t, ({ url }, response) => {
    if (url?.startsWith('/token') === true) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"token": "t"}');
      return;
    }
    const realm = `http://${stranger.host}/token`;
    response.writeHead(401, { 'www-authenticate': `${scheme} realm="${realm}",service="s"` }).end();
  });
  return stranger;
}

/** The stranger was asked, got no password, and nothing was asked of its token server. */
function learnedNothing({ seen }: Host): void {
  assert.ok(seen.length > 0);
  assert.deepEqual(seen.map(({ headers }) => headers.authorization), seen.map(() => undefined));
  assert.deepEqual(seen.filter(({ url }) => url?.startsWith('/token')), []);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof EngineError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

const access = { kind: 'basic', username: 'ann', password: 's3cret' } as const;

for (const scheme of ['Basic', 'Bearer'] as const) {
  test(`CVE-2020-15157: a host that a redirect leads to asks by ${scheme}, and learns nothing`,
    async (t) => {
      const stranger = await asking(t, scheme);
      const server = await registry(t, { access });
      const image = server.content.putImage({ repository: 'a', tag: 'v', layers: [noise(99)] });
      server.faults.add({
        match: /blobs/, fault: { kind: 'redirect', location: `http://eve:x@${stranger.host}/blob` },
      });
      const found = registrySource(parseReference(`${server.host}/a:v`), {
        client: client(t, CREDS), platform: { os: 'linux', architecture: 'amd64' },
      });
      await found.manifest();
      const [layer] = image.layers;
      assert.ok(layer !== undefined);
      const read = async (): Promise<Buffer> => collect(await found.layer(
        { ...layer, digest: parseDigest(layer.digest) }, { offset: 0, signal: undefined }));
      assert.match(await codeOf(read()), /^REGISTRY_UNAUTHORIZED/);
      learnedNothing(stranger);
    });

  test(`CVE-2020-15157: a foreign layer's host asks by ${scheme} and learns nothing`, async (t) => {
    const stranger = await asking(t, scheme);
    const server = await registry(t, { access });
    server.content.putImage({ repository: 'a', tag: 'v', layers: [] });
    const options = { client: client(t, CREDS) };
    const found = registrySource(parseReference(`${server.host}/a:v`), options);
    const read = async (): Promise<Buffer> => collect(await found.layer({
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', size: 9,
      digest: parseDigest(`sha256:${'0'.repeat(64)}`), urls: [`http://bob:x@${stranger.host}/l`],
    }, { offset: 0, signal: undefined }));
    assert.match(await codeOf(read()), /^REGISTRY_UNAUTHORIZED/);
    learnedNothing(stranger);
  });

  test(`a host that an upload is sent on to asks by ${scheme}, and learns nothing`, async (t) => {
    const stranger = await asking(t, scheme);
    const server = await hosting(t, ({ method, url = '', headers }, response) => {
      if (headers.authorization === undefined && url !== '/v2/') {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      } else if (method === 'POST') {
        response.writeHead(202, { location: `http://${stranger.host}/v2/a/blobs/uploads/1` }).end();
      } else {
        response.writeHead(method === 'HEAD' ? 404 : 200).end();
      }
    });
    const sink = registrySink({
      registry: server.host, repository: 'a', tag: 'v', digest: undefined,
    }, { client: client(t, CREDS) });
    const descriptor = { mediaType: '', digest: parseDigest(`sha256:${'0'.repeat(64)}`), size: 9 };
    const put = async (): Promise<string> => codeOf(sink.putBlob(descriptor, {
      async *stream() { yield await Promise.resolve(Buffer.alloc(9)); },
    }));
    assert.match(await put(), /^REGISTRY_UNAUTHORIZED/);
    // Nor does what it asked for change what the registry itself is told next.
    assert.match(await put(), /^REGISTRY_UNAUTHORIZED/);
    assert.ok(server.seen.some(({ headers }) => headers.authorization !== undefined));
    learnedNothing(stranger);
  });
}

/** What a session says of a registry whose 401 names that realm. */
async function meets(t: TestContext, realm: string, options: object = {}): Promise<string> {
  const server = await hosting(t, (_, response) => {
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s"` }).end();
  });
  const session = client(t, options).session({ host: server.host, isInsecure: undefined });
  return codeOf(session.fetch({ path: '/v2/a/tags/list', repository: 'a', action: 'list tags' }));
}

test('a password in the address of a token server is not sent there as ours', async (t) => {
  const tokens = await hosting(t, (_, response) => response.writeHead(401).end());
  await meets(t, `http://eve:x@${tokens.host}/token`);
  assert.ok(tokens.seen.length > 0);
  assert.deepEqual(tokens.seen.filter(({ headers }) => headers.authorization !== undefined), []);
});

test('a token that would be more than one word of a header is none', async (t) => {
  for (const token of ['a\r\nx-evil: 1', 'a b', '\u0000', 'é', '']) {
    const tokens = await hosting(t, (_, response) => response.end(JSON.stringify({ token })));
    assert.match(await meets(t, `http://${tokens.host}/token`), /its answer holds no token$/);
  }
});

test('a foreign layer is fetched without TLS only if the registry is', async (t) => {
  const stranger = await asking(t, 'Basic');
  const server = await registry(t, { tls: true });
  const folder = scratch(t);
  writeFileSync(join(folder, 'ca.crt'), TEST_AUTHORITY);
  server.content.putImage({ repository: 'a', tag: 'v', layers: [] });
  const found = registrySource(parseReference(`${server.host}/a:v`), {
    client: client(t, { tlsVerify: true, certDirectory: folder }),
  });
  const read = found.layer({
    mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', size: 9,
    digest: parseDigest(`sha256:${'0'.repeat(64)}`), urls: [`http://${stranger.host}/l`],
  }, { offset: 0, signal: undefined });
  const said = await codeOf(read.then(async (content) => collect(content)));
  assert.match(said, /^FOREIGN_LAYER: .*its address has no TLS$/);
  assert.deepEqual(stranger.seen, []);
});
