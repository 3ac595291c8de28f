/**
 * The same against a registry that nobody here wrote: Debian's docker-registry with TLS and
 * passwords, filled by skopeo.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseReference } from '@berth/oci';
import { digestOf, TEST_AUTHORITY, TEST_CERTIFICATE, TEST_KEY } from '@berth/testing';
import { login } from '../src/login.ts';
import { currentDigest, listTags, registrySource } from '../src/registry-source.ts';
import { client, collect, NO_CONFIG, scratch } from './scripted-registry.ts';
import { fixture, layoutFiles, writeFiles } from './tar-fixture.ts';

/** User `berth`, password `secret`, hashed by htpasswd -B. */
const PASSWORD_FILE = 'berth:$2y$05$6W8.3bJoXL/9pWEEpwrOz.QU8uznsfkEDy9bzMTFc9E6.rEgmGvu6\n';

const missing = ['docker-registry', 'skopeo'].filter(
  (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined,
);
const skip = missing.length === 0 ? false : `not installed: ${missing.join(', ')}`;

interface RealRegistry {
  readonly host: string;
  readonly folder: string;
  /** Holds the authority that the registry's certificate is signed by. */
  readonly certDirectory: string;
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function start(t: TestContext): Promise<RealRegistry> {
  const folder = scratch(t);
  const port = await freePort();
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const config = write(
    'config.yml',
    `version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: ${join(folder, 'data')} } }
http:
  addr: 127.0.0.1:${port}
  tls: { certificate: ${write('s.pem', TEST_CERTIFICATE)}, key: ${write('s.key', TEST_KEY)} }
auth: { htpasswd: { realm: test, path: ${write('passwords', PASSWORD_FILE)} } }
`,
  );
  mkdirSync(join(folder, 'certs'));
  write('certs/ca.crt', TEST_AUTHORITY);
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  t.after(() => child.kill());
  for (let attempt = 0; attempt < 100 && !(await answers(port)); attempt += 1) await sleep(50);
  return { host: `127.0.0.1:${port}`, folder, certDirectory: join(folder, 'certs') };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}

function push(registry: RealRegistry, tag: string): ReturnType<typeof fixture> {
  const made = fixture();
  const layout = join(registry.folder, 'layout');
  const entry = {
    ...made.image.manifest,
    annotations: { 'org.opencontainers.image.ref.name': 'x' },
  };
  writeFiles(layout, layoutFiles(made, [entry]));
  const target = `docker://${registry.host}/team/app:${tag}`;
  const access = ['--dest-creds', 'berth:secret', '--dest-cert-dir', registry.certDirectory];
  execFileSync(
    'skopeo',
    ['copy', '-q', '--insecure-policy', ...access, `oci:${layout}:x`, target],
    {
      stdio: 'pipe',
    },
  );
  return made;
}

test('an image pushed by skopeo is pulled over TLS with a password', { skip }, async (t) => {
  const registry = await start(t);
  const { image } = push(registry, 'v1');
  const options = { tlsVerify: true, certDirectory: registry.certDirectory, creds: 'berth:secret' };
  const shared = client(t, options);
  const reference = parseReference(`${registry.host}/team/app:v1`);
  const source = registrySource(reference, { client: shared });
  const { document, manifest } = await source.manifest();
  assert.equal(document.digest, image.manifest.digest);
  assert.equal(digestOf(Buffer.from(await source.config())), image.config.digest);
  for (const layer of manifest.layers) {
    const whole = await collect(await source.layer(layer, { offset: 0, signal: undefined }));
    assert.equal(digestOf(whole), layer.digest);
    const end = await collect(await source.layer(layer, { offset: 50, signal: undefined }));
    assert.ok(end.equals(whole.subarray(50)));
  }
  assert.equal(await currentDigest(reference, { client: shared }), image.manifest.digest);
});

test('all tags of a repository are listed', { skip }, async (t) => {
  const registry = await start(t);
  push(registry, 'v1');
  push(registry, 'v2');
  const shared = client(t, { creds: 'berth:secret' });
  const tags = await listTags({ registry: registry.host, repository: 'team/app' }, shared);
  assert.deepEqual(tags.sort(), ['v1', 'v2']);
});

test('what the registry refuses is told in its words', { skip }, async (t) => {
  const registry = await start(t);
  const pull = (name: string, creds: string): Promise<unknown> => {
    const reference = parseReference(`${registry.host}/team/${name}`);
    return registrySource(reference, { client: client(t, { creds }) }).manifest();
  };
  await assert.rejects(pull('none', 'berth:secret'), {
    code: 'REGISTRY_NOT_FOUND',
    message: /manifest unknown/,
  });
  await assert.rejects(pull('app', 'berth:wrong'), { code: 'REGISTRY_UNAUTHORIZED' });
});

test('login keeps a password that the registry checks', { skip }, async (t) => {
  const registry = await start(t);
  const environment = { HOME: scratch(t) };
  const request = {
    registry: registry.host,
    certDirectory: registry.certDirectory,
    environment,
    config: NO_CONFIG,
  };
  const credentials = { username: 'berth', password: 'secret' };
  await assert.rejects(login({ ...request, credentials: { username: 'berth', password: 'x' } }), {
    code: 'REGISTRY_UNAUTHORIZED',
  });
  await login({ ...request, credentials });
  const shared = client(t, { environment });
  const repository = { registry: registry.host, repository: 'team/app' };
  await assert.rejects(listTags(repository, shared), { code: 'REGISTRY_NOT_FOUND' });
});
