/** Requests to a registry: proving who we are, redirects, refusals, TLS, kept connections. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { EngineError, TransportError } from '@berth/errors';
import type { RegistryServer } from '@berth/testing';
import { TEST_AUTHORITY, TEST_CERTIFICATE, TEST_KEY } from '@berth/testing';
import type { RegistryOptions } from '../src/registry-client.ts';
import type { RegistrySession } from '../src/registry-session.ts';
import { readBody } from '../src/response-body.ts';
import { client, collect, registry, scratch } from './scripted-registry.ts';

async function get(
  t: TestContext,
  server: RegistryServer,
  options: RegistryOptions = {},
): Promise<string> {
  const session = client(t, options).session({ host: server.host, isInsecure: undefined });
  const response = await session.fetch({
    path: '/v2/a/b/tags/list',
    repository: 'a/b',
    action: 'list tags of "a/b"',
  });
  return (await readBody(response, { limitBytes: 10_000, idleTimeoutMs: 300 })).toString('utf8');
}

function withTag(server: RegistryServer): RegistryServer {
  server.content.putImage({ repository: 'a/b', tag: 'v1', layers: [] });
  return server;
}

async function rejectsWith(
  promise: Promise<unknown>,
  code: string,
  text: RegExp = /./,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof EngineError, String(error));
    assert.equal(error.code, code);
    assert.match(`${error.message} ${error.hint ?? ''}`, text);
    return true;
  });
}

const ANSWER = '{"name":"a/b","tags":["v1"]}';

test('an insecure registry without TLS is found and read', async (t) => {
  const server = withTag(await registry(t));
  assert.equal(await get(t, server), ANSWER);
});

test('a registry without TLS is refused unless insecure, with the option to type', async (t) => {
  const server = withTag(await registry(t));
  await rejectsWith(get(t, server, { tlsVerify: true }), 'REGISTRY_NOT_TLS', /--tls-verify=false/);
});

test('a certificate of an unknown authority is refused, with where to put it', async (t) => {
  const server = withTag(await registry(t, { tls: true }));
  await rejectsWith(get(t, server, { tlsVerify: true }), 'REGISTRY_UNTRUSTED', /certs\.d/);
});

test('SSL_CERT_FILE decides what is trusted', async (t) => {
  const server = withTag(await registry(t, { tls: true }));
  const file = join(scratch(t), 'ca.pem');
  writeFileSync(file, TEST_AUTHORITY);
  const environment = { HOME: scratch(t), SSL_CERT_FILE: file };
  assert.equal(await get(t, server, { tlsVerify: true, environment }), ANSWER);
});

test('certs.d gives a host its authority and a certificate for us', async (t) => {
  const server = withTag(await registry(t, { tls: 'mutual' }));
  const home = scratch(t);
  const folder = join(home, '.config/containers/certs.d', server.host);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'ca.crt'), TEST_AUTHORITY);
  await rejectsWith(
    get(t, server, { tlsVerify: true, environment: { HOME: home } }),
    'REGISTRY_WANTS_CERTIFICATE',
  );
  writeFileSync(join(folder, 'client.cert'), TEST_CERTIFICATE);
  await rejectsWith(
    get(t, server, { tlsVerify: true, environment: { HOME: home } }),
    'BAD_CERTIFICATE',
    /client\.key/,
  );
  writeFileSync(join(folder, 'client.key'), TEST_KEY);
  assert.equal(await get(t, server, { tlsVerify: true, environment: { HOME: home } }), ANSWER);
});

test('--cert-dir stands for certs.d', async (t) => {
  const server = withTag(await registry(t, { tls: true }));
  const folder = scratch(t);
  writeFileSync(join(folder, 'any.crt'), TEST_AUTHORITY);
  assert.equal(await get(t, server, { tlsVerify: true, certDirectory: folder }), ANSWER);
});

test('without checks any certificate will do', async (t) => {
  const server = withTag(await registry(t, { tls: true }));
  assert.equal(await get(t, server), ANSWER);
});

test('a password is sent when it is asked for, and not before', async (t) => {
  const server = withTag(
    await registry(t, { access: { kind: 'basic', username: 'u', password: 'p:w' } }),
  );
  assert.equal(await get(t, server, { creds: 'u:p:w' }), ANSWER);
  const sent = server.requests.map(({ headers }) => headers.authorization);
  assert.deepEqual(sent, [undefined, `Basic ${Buffer.from('u:p:w').toString('base64')}`]);
});

/** Asks for the tags, and reads the answer. */
function lister(session: RegistrySession): () => Promise<void> {
  return async () => {
    const response = await session.fetch({
      path: '/v2/a/b/tags/list',
      repository: 'a/b',
      action: 'list',
    });
    await collect(response.body);
  };
}

test('requests that are asked for a password at the same time all send it', async (t) => {
  const server = withTag(
    await registry(t, { access: { kind: 'basic', username: 'u', password: 'p' } }),
  );
  const session = client(t, { creds: 'u:p' }).session({ host: server.host, isInsecure: undefined });
  const list = lister(session);
  await Promise.all([list(), list(), list()]);
  const proven = server.requests.filter(({ headers }) => headers.authorization !== undefined);
  assert.equal(proven.length, 3);
});

test('a wrong password is refused with the command to type', async (t) => {
  const server = withTag(
    await registry(t, { access: { kind: 'basic', username: 'u', password: 'p' } }),
  );
  await rejectsWith(
    get(t, server, { creds: 'u:x' }),
    'REGISTRY_UNAUTHORIZED',
    /refused.*berth login/,
  );
  await rejectsWith(get(t, server), 'REGISTRY_UNAUTHORIZED', /wants a user name/);
});

test('what registry and token server say of a wrong password is passed on', async (t) => {
  const access = { kind: 'basic', username: 'u', password: 'p' } as const;
  const server = withTag(await registry(t, { access }));
  const body = '{"errors":[{"code":"UNAUTHORIZED","message":"use a token, not the password"}]}';
  const headers = { 'www-authenticate': 'Basic realm="x"' };
  server.faults.add({ match: /tags/, fault: { kind: 'status', status: 401, headers, body } });
  await rejectsWith(get(t, server, { creds: 'u:p' }), 'REGISTRY_UNAUTHORIZED', /\(use a token/);
  const other = withTag(await registry(t, { access: { ...access, kind: 'bearer' } }));
  await rejectsWith(
    get(t, other, { creds: 'u:x' }), 'REGISTRY_UNAUTHORIZED', /\(incorrect username or password\)/,
  );
});

test('a token is fetched with the password and used for the scope', async (t) => {
  const server = withTag(
    await registry(t, { access: { kind: 'bearer', username: 'u', password: 'p' } }),
  );
  assert.equal(await get(t, server, { creds: 'u:p' }), ANSWER);
  const token = server.requests.find(({ path }) => path.startsWith('/token'));
  const query = new URL(token?.path ?? '', server.url).searchParams;
  assert.equal(query.get('service'), 'scripted');
  assert.equal(query.get('scope'), 'repository:a/b:pull');
  assert.equal(query.get('account'), 'u');
});

test('requests of one scope share one token', async (t) => {
  const server = withTag(await registry(t, { access: { kind: 'bearer' } }));
  const session = client(t).session({ host: server.host, isInsecure: undefined });
  const list = lister(session);
  await Promise.all([list(), list(), list()]);
  await Promise.all([list(), list(), list()]);
  assert.equal(server.requests.filter(({ path }) => path.startsWith('/token')).length, 1);
});

test('a token that has expired on the server is fetched anew', async (t) => {
  const access = { kind: 'bearer' as const, tokenValue: 'first' };
  const server = withTag(await registry(t, { access }));
  const session = client(t).session({ host: server.host, isInsecure: undefined });
  const list = lister(session);
  await list();
  access.tokenValue = 'second';
  await list();
  assert.equal(server.requests.at(-1)?.headers.authorization, 'Bearer second');
});

test('an identity token is exchanged by POST', async (t) => {
  const server = withTag(
    await registry(t, {
      access: { kind: 'bearer', username: 'u', password: 'p', identityToken: 'id' },
    }),
  );
  const creds = { username: '', password: '', identityToken: 'id' };
  assert.equal(await get(t, server, { creds }), ANSWER);
  assert.ok(server.requests.some(({ method, path }) => method === 'POST' && path === '/token'));
});

test('a token server without TLS never sees the password (CVE-2019-10214)', async (t) => {
  const thief = await registry(t);
  const access = {
    kind: 'bearer' as const,
    username: 'u',
    password: 'p',
    realm: `${thief.url}/token`,
  };
  const server = withTag(await registry(t, { tls: true, access }));
  const folder = scratch(t);
  writeFileSync(join(folder, 'ca.crt'), TEST_AUTHORITY);
  const options = { tlsVerify: true, certDirectory: folder, creds: 'u:p' };
  await rejectsWith(get(t, server, options), 'REGISTRY_TOKEN', /no TLS/);
  assert.equal(thief.requests.length, 0);
});

test('a redirect to another host carries no credentials', async (t) => {
  const other = withTag(await registry(t));
  const server = await registry(t, { access: { kind: 'basic', username: 'u', password: 'p' } });
  const url = `${other.url}/v2/a/b/tags/list`;
  server.faults.add({ match: /never/, fault: { kind: 'drop' } });
  // The first answer asks for the password, the second sends away.
  server.faults.add({
    match: /tags/,
    times: 1,
    fault: { kind: 'status', status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
  });
  server.faults.add({ match: /tags/, times: 1, fault: { kind: 'redirect', location: url } });
  assert.equal(await get(t, server, { creds: 'u:p' }), ANSWER);
  assert.ok(server.requests.at(-1)?.headers.authorization !== undefined);
  assert.equal(other.requests.length, 1);
  assert.equal(other.requests[0]?.headers.authorization, undefined);
});

test("a host that a redirect leads to can't ask for the password", async (t) => {
  const thief = await registry(t, { access: { kind: 'basic', username: 'u', password: 'p' } });
  const server = await registry(t);
  server.faults.add({
    match: /tags/,
    fault: { kind: 'redirect', location: `${thief.url}/v2/a/b/tags/list` },
  });
  await rejectsWith(get(t, server, { creds: 'u:p' }), 'REGISTRY_UNAUTHORIZED');
  assert.ok(thief.requests.every(({ headers }) => headers.authorization === undefined));
});

test('a redirect that gives up TLS is refused', async (t) => {
  const plain = withTag(await registry(t));
  const server = await registry(t, { tls: true });
  server.faults.add({
    match: /tags/,
    fault: { kind: 'redirect', location: `${plain.url}/v2/a/b/tags/list` },
  });
  await rejectsWith(get(t, server), 'REGISTRY_REDIRECT', /gives up TLS/);
  assert.equal(plain.requests.length, 0);
});

test('a redirect within the registry keeps the credentials', async (t) => {
  const server = withTag(
    await registry(t, { access: { kind: 'basic', username: 'u', password: 'p' } }),
  );
  server.content.putImage({ repository: 'c/d', tag: 'v1', layers: [] });
  server.faults.add({
    match: /a\/b\/tags/,
    fault: { kind: 'redirect', location: '/v2/c/d/tags/list' },
  });
  assert.equal(await get(t, server, { creds: 'u:p' }), '{"name":"c/d","tags":["v1"]}');
});

const BAD_REDIRECTS: readonly (readonly [string, string, RegExp])[] = [
  ['in a circle', '/v2/a/b/tags/list', /too many/],
  ['to a file', 'file:///etc/passwd', /file:/],
  ['to nonsense', 'http://[', /no address/],
];

for (const [what, location, text] of BAD_REDIRECTS) {
  test(`a redirect ${what} is refused`, async (t) => {
    const server = await registry(t);
    server.faults.add({ match: /tags/, fault: { kind: 'redirect', location } });
    await rejectsWith(get(t, server), 'REGISTRY_REDIRECT', text);
  });
}

const REFUSALS: readonly (readonly [number, string])[] = [
  [403, 'REGISTRY_UNAUTHORIZED'],
  [404, 'REGISTRY_NOT_FOUND'],
  [429, 'REGISTRY_RATE_LIMIT'],
  [500, 'REGISTRY_REFUSED'],
  [418, 'REGISTRY_REFUSED'],
];

for (const [status, code] of REFUSALS) {
  test(`status ${status} becomes ${code} with the registry's own words`, async (t) => {
    const server = await registry(t);
    server.faults.add({ match: /tags/, fault: { kind: 'status', status } });
    await rejectsWith(get(t, server), code, /scripted/);
    const tries = server.requests.filter(({ path }) => path.includes('tags')).length;
    assert.equal(tries, status === 429 || status === 500 ? 3 : 1);
  });
}

test('a Retry-After of more than a minute is not waited for', async (t) => {
  const server = await registry(t);
  server.faults.add({
    match: /tags/,
    fault: { kind: 'status', status: 429, headers: { 'retry-after': '3600' } },
  });
  await assert.rejects(get(t, server),
    { code: 'REGISTRY_RATE_LIMIT', hint: 'it asks to wait 60 minutes' });
  assert.equal(server.requests.filter(({ path }) => path.includes('tags')).length, 1);
});

test('control characters in what a registry says never reach the message', async (t) => {
  const server = await registry(t);
  const body = JSON.stringify({ errors: [{ code: 'X', message: '\u001b[2Jgone' }] });
  server.faults.add({ match: /tags/, fault: { kind: 'status', status: 400, body } });
  await assert.rejects(
    get(t, server),
    (error) => error instanceof TransportError && !error.message.includes('\u001b'),
  );
});

test('words in plain text are told, pages of web servers are not', async (t) => {
  const server = await registry(t);
  const says = async (type: string, body: string, text: RegExp): Promise<void> => {
    const headers = { 'content-type': type };
    server.faults.add({ match: /tags/, times: 1,
      fault: { kind: 'status', status: 413, headers, body } });
    await rejectsWith(get(t, server), 'REGISTRY_REFUSED', text);
  };
  await says('text/plain; charset=utf-8', 'quota of "team" reached\nand more',
    /too large for it \(quota of "team" reached\)/);
  await says('text/html', '<html>nginx</html>', /too large for it\s*$/);
});

test('an endless error page is cut off and the status still told', async (t) => {
  const server = await registry(t);
  server.faults.add({
    match: /tags/,
    fault: { kind: 'status', status: 400, body: 'x'.repeat(5_000_000) },
  });
  await rejectsWith(get(t, server), 'REGISTRY_REFUSED', /400/);
});

test('a registry that is down is an error at once', async (t) => {
  const server = await registry(t);
  await server.close();
  await rejectsWith(get(t, server, { tlsVerify: true }), 'REGISTRY_DOWN', /connection refused/);
});

test('requests under way end with their client, and are not tried again', async (t) => {
  const server = withTag(await registry(t));
  const retries: string[] = [];
  const closing = client(t, { onRetry: ({ registry }) => retries.push(registry) });
  const session = closing.session({ host: server.host, isInsecure: undefined });
  const asked = Array.from({ length: 4 }, () =>
    session.fetch({ path: '/v2/a/b/tags/list', repository: 'a/b', action: 'list' }));
  const outcomes = Promise.allSettled(asked);
  closing.close();
  for (const { status } of await outcomes) assert.equal(status, 'rejected');
  assert.deepEqual(retries, []);
});

test('one connection serves one request after another', async (t) => {
  const server = withTag(await registry(t, { tls: true }));
  const session = client(t).session({ host: server.host, isInsecure: undefined });
  for (let count = 0; count < 5; count += 1) {
    const response = await session.fetch({
      path: '/v2/a/b/tags/list',
      repository: 'a/b',
      action: 'list',
    });
    await collect(response.body);
  }
  assert.equal(new Set(server.requests.map(({ clientPort }) => clientPort)).size, 1);
});
