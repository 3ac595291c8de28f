/** Credentials are found where Podman and Docker keep them, and kept as they do. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { readAuthFile } from '../src/auth-file.ts';
import type { CredentialSources } from '../src/credentials.ts';
import { loadCredentials } from '../src/credentials.ts';
import type { LoginRequest } from '../src/login.ts';
import { login, logout, logoutAll } from '../src/login.ts';
import { NO_CONFIG, registry, scratch } from './scripted-registry.ts';

interface Home {
  readonly folder: string;
  readonly environment: Record<string, string | undefined>;
  readonly write: (path: string, content: unknown) => string;
  readonly find: (name: string, sources?: CredentialSources) => Promise<string | undefined>;
}

/** A home of its own; `find` gives USER:PASSWORD or the identity token for HOST/REPOSITORY. */
function home(t: TestContext): Home {
  const folder = scratch(t);
  const environment = { HOME: folder, PATH: `${folder}/bin:${process.env['PATH'] ?? ''}` };
  const write = (path: string, content: unknown): string => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };
  const find: Home['find'] = async (name, sources = {}) => {
    const [host = '', ...path] = name.split('/');
    const target = { registry: host, repository: path.join('/') };
    const found = await loadCredentials(target, { environment, ...sources });
    return found === undefined
      ? undefined
      : (found.identityToken ?? `${found.username}:${found.password}`);
  };
  return { folder, environment, write, find };
}

function auth(pair: string): { auth: string } {
  return { auth: Buffer.from(pair).toString('base64') };
}

test('nothing configured means no credentials', async (t) => {
  assert.equal(await home(t).find('example.com/a'), undefined);
});

const closed = process.getuid?.() === 0 ? 'no folder is closed to root' : false;

test('a shared folder of others holds no auth file of ours', { skip: closed }, async (t) => {
  const { folder, write } = home(t);
  const path = write('others/auth.json', { auths: {} });
  chmodSync(join(folder, 'others'), 0);
  try {
    const place = { path, isRequired: false };
    assert.equal(await readAuthFile({ ...place, isShared: true }), undefined);
    await assert.rejects(readAuthFile(place), /read auth file ".*auth.json"$/);
  } finally {
    chmodSync(join(folder, 'others'), 0o700);
  }
});

test('the longest prefix of the repository decides', async (t) => {
  const { write, find } = home(t);
  const auths = {
    'example.com': auth('host:1'),
    'example.com/team': auth('team:2'),
    'example.com/team/app': auth('app:3'),
  };
  write('.config/containers/auth.json', { auths });
  assert.equal(await find('example.com/team/app'), 'app:3');
  assert.equal(await find('example.com/team/other'), 'team:2');
  assert.equal(await find('example.com/teams'), 'host:1');
  assert.equal(await find('example.com:5000/team'), undefined);
});

test('files are asked in order, and a named file stands alone', async (t) => {
  const { folder, environment, write, find } = home(t);
  write('.docker/config.json', { auths: { 'a.io': auth('docker:1'), 'b.io': auth('docker:2') } });
  write('.config/containers/auth.json', { auths: { 'a.io': auth('config:1') } });
  assert.equal(await find('a.io'), 'config:1');
  assert.equal(await find('b.io'), 'docker:2');
  write('run/containers/auth.json', { auths: { 'a.io': auth('run:1') } });
  const runtime = { ...environment, XDG_RUNTIME_DIR: join(folder, 'run') };
  assert.equal(await find('a.io', { environment: runtime }), 'run:1');
  const authFile = write('named.json', { auths: { 'c.io': auth('named:1') } });
  assert.equal(await find('a.io', { authFile }), undefined);
  const named = { ...environment, REGISTRY_AUTH_FILE: authFile };
  assert.equal(await find('c.io', { environment: named }), 'named:1');
  assert.equal(await find('c.io', { authFile, creds: 'flag:x:y' }), 'flag:x:y');
});

test('Docker Hub is known by the names that Docker gives it', async (t) => {
  const { write, find } = home(t);
  write('.docker/config.json', { auths: { 'https://index.docker.io/v1/': auth('hub:1') } });
  assert.equal(await find('docker.io/library/debian'), 'hub:1');
});

test('an identity token is taken from its field', async (t) => {
  const { write, find } = home(t);
  const entry = { ...auth('00000000:'), identitytoken: 'token' };
  write('.docker/config.json', { auths: { 'a.io': entry } });
  assert.equal(await find('a.io/x'), 'token');
});

test('a file that is broken is an error that does not show its content', async (t) => {
  const { write, find } = home(t);
  write('.config/containers/auth.json', '{"auths": secret');
  await assert.rejects(
    find('a.io'),
    (error) => error instanceof Error && !error.message.includes('secret'),
  );
  await assert.rejects(find('a.io', { authFile: '/nonexistent/auth.json' }), {
    code: 'NO_AUTH_FILE',
  });
});

/** Keeps what it is given in a file, as real helpers keep it in a key ring. */
function helper(at: Home): void {
  const kept = join(at.folder, 'kept');
  const script = `#!/bin/sh
unknown() { echo "credentials not found in native keychain"; exit 1; }
case "$1" in
get) read server; grep -F "\\"$server\\"" ${kept} 2>/dev/null || unknown;;
store) cat > ${kept}; echo >> ${kept};;
erase) rm ${kept} 2>/dev/null || unknown;;
list) test -f ${kept} && echo '{"b.io":"u"}' || echo '{}';;
esac
`;
  chmodSync(at.write('bin/docker-credential-test', script), 0o755);
}

test('a credential helper is asked for its host, and a store for every host', async (t) => {
  const at = home(t);
  helper(at);
  at.write('kept', '{"ServerURL":"a.io","Username":"u","Secret":"s"}\n');
  at.write('.docker/config.json', { credHelpers: { 'a.io': 'test' } });
  assert.equal(await at.find('a.io/x'), 'u:s');
  assert.equal(await at.find('b.io/x'), undefined);
  at.write('.docker/config.json', { credsStore: 'test', auths: { 'a.io': {} } });
  assert.equal(await at.find('a.io/x'), 'u:s');
  assert.equal(await at.find('b.io/x'), undefined);
});

test('a helper that is missing, or named like a path, is an error', async (t) => {
  const at = home(t);
  at.write('.docker/config.json', { credHelpers: { 'a.io': 'none-such' } });
  await assert.rejects(at.find('a.io'), { message: /docker-credential-none-such/ });
  at.write('.docker/config.json', { credHelpers: { 'a.io': '../../tmp/x' } });
  await assert.rejects(at.find('a.io'), { code: 'BAD_AUTH_FILE' });
});

async function request(t: TestContext, at: Home): Promise<LoginRequest> {
  const access = { kind: 'basic' as const, username: 'u', password: 'p' };
  const server = await registry(t, { access });
  return {
    registry: server.host,
    credentials: { username: 'u', password: 'p' },
    environment: at.environment,
    config: NO_CONFIG,
    tlsVerify: false,
  };
}

test('login keeps what the registry accepts, in private, and logout forgets it', async (t) => {
  const at = home(t);
  const path = at.write('.config/containers/auth.json', {
    auths: { 'other.io': auth('x:y') },
    unknown: { kept: true },
  });
  chmodSync(path, 0o644);
  const asked = await request(t, at);
  assert.deepEqual(await login(asked), { keptIn: path });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
    auths: { 'other.io': auth('x:y'), [asked.registry]: auth('u:p') },
    unknown: { kept: true },
  });
  assert.equal(await at.find(`${asked.registry}/x`), 'u:p');
  assert.deepEqual(readdirSync(dirname(path)), ['auth.json']);
  await logout(asked.registry, { environment: at.environment });
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
    auths: { 'other.io': auth('x:y') },
    unknown: { kept: true },
  });
  await assert.rejects(logout(asked.registry, { environment: at.environment }), {
    code: 'NOT_LOGGED_IN',
  });
});

test('logout says where a login is that another program keeps', async (t) => {
  const at = home(t);
  const path = at.write('.docker/config.json', { auths: { 'a.io': auth('u:p') } });
  await assert.rejects(logout('a.io', { environment: at.environment }), {
    message: `log out of "a.io": its login is in "${path}"`,
    hint: `berth logout --authfile ${path} a.io`,
  });
});

test('login keeps nothing that the registry refuses', async (t) => {
  const at = home(t);
  const asked = await request(t, at);
  const wrong = { ...asked, credentials: { username: 'u', password: 'wrong' } };
  await assert.rejects(login(wrong), { code: 'REGISTRY_UNAUTHORIZED' });
  assert.equal(await at.find(asked.registry), undefined);
});

test('login makes folder and file, private from the start', async (t) => {
  const at = home(t);
  const { keptIn } = await login(await request(t, at));
  assert.equal(statSync(keptIn).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(keptIn)).mode & 0o777, 0o700);
});

test('login through a link changes what it points to', async (t) => {
  const at = home(t);
  const real = at.write('dotfiles/auth.json', {});
  mkdirSync(join(at.folder, '.config/containers'), { recursive: true });
  symlinkSync(real, join(at.folder, '.config/containers/auth.json'));
  await login(await request(t, at));
  assert.match(readFileSync(real, 'utf8'), /auths/);
});

test('login with a credential helper keeps nothing in the file', async (t) => {
  const at = home(t);
  helper(at);
  const asked = await request(t, at);
  const document = { credHelpers: { [asked.registry]: 'test' } };
  const path = at.write('.config/containers/auth.json', document);
  assert.deepEqual(await login(asked), { keptIn: 'credential helper "test"' });
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), document);
  assert.equal(await at.find(`${asked.registry}/x`), 'u:p');
  await logout(asked.registry, { environment: at.environment });
  assert.equal(await at.find(`${asked.registry}/x`), undefined);
});

test('the helpers of registries.conf come before the auth files', async (t) => {
  const at = home(t);
  helper(at);
  const config = { ...NO_CONFIG, credentialHelpers: ['test'] };
  const asked = { ...await request(t, at), config };
  const sources = { environment: at.environment, helpers: config.credentialHelpers };
  at.write('.config/containers/auth.json', {
    auths: { [asked.registry]: auth('file:x'), 'c.io': auth('file:y') },
  });
  assert.deepEqual(await login(asked), { keptIn: 'credential helper "test"' });
  assert.equal(await at.find(`${asked.registry}/x`, sources), 'u:p');
  assert.equal(await at.find('c.io', sources), 'file:y');
  const authFile = at.write('own.json', { auths: { [asked.registry]: auth('own:z') } });
  assert.equal(await at.find(asked.registry, { ...sources, authFile }), 'own:z');
  await logout(asked.registry, sources);
  assert.equal(await at.find(asked.registry, sources), undefined);
  at.write('kept', '{}');
  assert.deepEqual(await logoutAll(sources), ['c.io', 'b.io']);
});

test('logging out of everything empties file and helpers', async (t) => {
  const at = home(t);
  helper(at);
  at.write('kept', '{}');
  const path = at.write('.config/containers/auth.json', {
    auths: { 'a.io': auth('x:y') },
    credsStore: 'test',
  });
  assert.deepEqual(await logoutAll({ environment: at.environment }), ['a.io', 'b.io']);
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { auths: {}, credsStore: 'test' });
});
