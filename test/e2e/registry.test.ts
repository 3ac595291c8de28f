/**
 * Pulling from Debian's docker-registry, over TLS and with a password.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { before, test } from 'node:test';
import { archiveOf } from '../lab/images.ts';
import { missing } from '../lab/probes.ts';
import { startRegistry, type Registry } from '../lab/registry.ts';
import { openLab } from './harness.ts';

const skip = missing.dockerRegistry || missing.skopeo;
const lab = openLab();
const password = { user: 'ann', password: 's3cret' };
let open: Registry | undefined;
let closed: Registry | undefined;

before(async () => {
  if (skip !== false) return;
  open = await startRegistry(lab.folder);
  closed = await startRegistry(lab.folder, { tls: true, password });
  for (const [name, text] of [
    ['app:1', 'one'],
    ['app:2', 'two'],
  ] as const) {
    const { archive } = archiveOf(
      {
        layers: [{ version: text }, { 'other/file': 'x'.repeat(200_000) }],
      },
      lab.folder,
    );
    open.push(`oci-archive:${archive}`, name);
    closed.push(`oci-archive:${archive}`, name);
  }
});
lab.atEnd(async () => {
  await open?.stop();
  await closed?.stop();
  rmSync(path.join(lab.runtime, 'containers'), { recursive: true, force: true });
});

/** A name in the registry without TLS. */
function plain(name: string): string {
  return `${open?.host ?? ''}/${name}`;
}

async function failsToPull(args: readonly string[], message: RegExp): Promise<void> {
  const { status, stderr } = await lab.berth(['pull', ...args]);
  assert.equal(status, 125, stderr);
  assert.match(stderr, message);
  assert.doesNotMatch(stderr, /bug|s3cret/);
}

test('pull prints the id, and run finds the image', { skip }, async () => {
  const id = await lab.ok(['pull', '-q', '--tls-verify=false', plain('app:1')]);
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(await lab.ok(['run', '--rm', plain('app:1'), 'cat', '/version']), 'one');
  assert.equal(await lab.ok(['images', '--format', '{{.Repository}}:{{.Tag}}']), plain('app:1'));
});

test('a second pull fetches nothing', { skip }, async () => {
  const { stderr } = await lab.berth(['pull', '--tls-verify=false', plain('app:1')]);
  assert.doesNotMatch(stderr, /Copying blob \w+ done/);
});

test('pull by digest, and all tags', { skip }, async () => {
  const [digest = ''] = JSON.parse(
    await lab.ok(['image', 'inspect', '-f', '{{json .RepoDigests}}', plain('app:1')]),
  ) as string[];
  await lab.ok(['pull', '-q', '--tls-verify=false', digest]);
  await lab.ok(['pull', '-q', '--all-tags', '--tls-verify=false', plain('app')]);
  assert.match(await lab.ok(['images', '--format', '{{.Tag}}']), /1\n2|2\n1/);
});

test('an unknown image, an unknown tag, a wrong digest', { skip }, async () => {
  await failsToPull(['--tls-verify=false', plain('absent:1')], /absent/);
  await failsToPull(['--tls-verify=false', plain('app:9')], /app:9/);
  await failsToPull(['--tls-verify=false', `${plain('app')}@sha256:${'0'.repeat(64)}`], /0000/);
  await failsToPull(['Not A Name'], /Not A Name/);
});

test('a registry that is down', { skip }, async () => {
  await failsToPull(
    ['--retry', '0', '--tls-verify=false', '127.0.0.1:1/x'],
    /127\.0\.0\.1:1.*refused/,
  );
});

test('TLS: an unknown authority is refused, certs.d makes it known', { skip }, async () => {
  const name = `${closed?.host ?? ''}/app:1`;
  const creds = `${password.user}:${password.password}`;
  await failsToPull(['--creds', creds, '--retry', '0', name], /certificate|self.signed|issuer/i);
  const folder = path.join(lab.home, 'certs');
  mkdirSync(folder);
  copyFileSync(closed?.authority ?? '', path.join(folder, 'ca.crt'));
  await lab.ok(['pull', '-q', '--creds', creds, '--cert-dir', folder, name]);
});

/** A registry that fails as told. */
async function brokenRegistry(
  answer: (url: string) => { status: number; headers?: Record<string, string>; body?: string },
): Promise<{ host: string; server: Server }> {
  const server = createServer((request, response) => {
    const { status, headers = {}, body = '{}' } = answer(request.url ?? '');
    response.writeHead(status, headers).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { host: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, server };
}

for (const status of [403, 404, 429, 500, 503]) {
  test(`a registry that answers ${status} is named, with the status or its meaning`, async () => {
    const { host, server } = await brokenRegistry(() => ({ status }));
    await failsToPull(['--retry', '0', '--tls-verify=false', `${host}/x:1`], new RegExp(host));
    server.close();
  });
}

test('manifests that are none, or confuse, are refused', async () => {
  for (const body of [
    '',
    '{',
    '[]',
    '{"schemaVersion":1}',
    '{"layers":[],"manifests":[]}',
    `{"schemaVersion":2,"config":{"digest":"sha256:../../x","size":1},"layers":[]}`,
  ]) {
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const { host, server } = await brokenRegistry((url) => ({
      status: 200,
      headers: { 'content-type': type },
      body: url.endsWith('/v2/') ? '{}' : body,
    }));
    await failsToPull(['--retry', '0', '--tls-verify=false', `${host}/x:1`], /x:1|manifest/);
    server.close();
  }
  assert.equal(await lab.ok(['images', '-q', '--filter', 'reference=*x*']), '');
});

/** Passes `limit` bytes of answers on, then cuts the connection. */
async function cuttingProxy(
  target: string,
  limit: number,
): Promise<{ host: string; close(): void }> {
  const [, port] = target.split(':');
  let left = limit;
  const server = createTcpServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1');
    client.pipe(upstream);
    upstream.on('data', (data) => {
      left -= data.length;
      if (left < 0) {
        left = Infinity;
        client.destroy();
        upstream.destroy();
      } else {
        client.write(data);
      }
    });
    for (const end of [client, upstream]) end.on('error', () => undefined);
    upstream.on('end', () => client.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const own = typeof address === 'object' ? address?.port : 0;
  return { host: `127.0.0.1:${own}`, close: () => server.close() };
}

test('a connection that is cut in the middle of a layer is resumed', { skip }, async () => {
  await lab.ok(['rmi', '-a', '-f']);
  const proxy = await cuttingProxy(open?.host ?? '', 600_000);
  const { status, stderr } = await lab.berth([
    'pull',
    '--tls-verify=false',
    '--retry-delay',
    '100ms',
    `${proxy.host}/app:1`,
  ]);
  proxy.close();
  assert.equal(status, 0, stderr);
  assert.equal(await lab.ok(['run', '--rm', `${proxy.host}/app:1`, 'cat', '/version']), 'one');
});

test(
  'kill -9 in the middle of a pull leaves nothing visible, and the next pull works',
  { skip },
  async () => {
    await lab.ok(['rmi', '-a', '-f']);
    for (const delayMs of [20, 60, 120, 200]) {
      const started = lab.start(['pull', '--tls-verify=false', plain('app:1')]);
      setTimeout(() => started.child.kill('SIGKILL'), delayMs);
      await started.finished.catch(() => undefined);
      const { status } = await lab.berth(['image', 'exists', plain('app:1')]);
      if (status === 0) await lab.ok(['run', '--rm', plain('app:1'), 'true']);
    }
    await lab.ok(['pull', '-q', '--tls-verify=false', plain('app:1')]);
    assert.equal(await lab.ok(['run', '--rm', plain('app:1'), 'cat', '/version']), 'one');
  },
);

test('two pulls of one image at once both succeed', { skip }, async () => {
  await lab.ok(['rmi', '-a', '-f']);
  const ids = await Promise.all(
    [1, 2, 3].map(async () => lab.ok(['pull', '-q', '--tls-verify=false', plain('app:2')])),
  );
  assert.equal(new Set(ids).size, 1);
});

test(
  'archives of skopeo are loaded: docker and OCI, compressed, from a stream',
  { skip },
  async () => {
    const { archive } = archiveOf({ name: 'localhost/archived:1' }, lab.folder);
    const copy = (to: string): void =>
      void execFileSync('skopeo', ['copy', '-q', `oci-archive:${archive}`, to]);
    const docker = path.join(lab.folder, 'docker.tar');
    copy(`docker-archive:${docker}:localhost/docker:1`);
    assert.match(await lab.ok(['load', '-i', docker]), /Loaded image: localhost\/docker:1/);
    execFileSync('gzip', ['-k', docker]);
    assert.match(await lab.ok(['load', '-q', '-i', `${docker}.gz`]), /localhost\/docker:1/);
    execFileSync('zstd', ['-q', '-k', docker]);
    const { stdout } = await lab.berth(['load'], { input: readFileSync(`${docker}.zst`) });
    assert.match(stdout, /localhost\/docker:1/);
    copy(`oci:${path.join(lab.folder, 'layout')}:localhost/layout:1`);
    assert.match(await lab.ok(['load', '-i', path.join(lab.folder, 'layout')]), /layout:1/);
    assert.equal(await lab.ok(['run', '--rm', 'localhost/docker:1', 'echo', 'runs']), 'runs');
  },
);

test('archives that are none are refused', async () => {
  const file = path.join(lab.folder, 'none.tar');
  for (const content of ['', 'not a tar', Buffer.alloc(10240)]) {
    writeFileSync(file, content);
    const { status, stderr } = await lab.berth(['load', '-i', file]);
    assert.equal(status, 125, stderr);
    assert.match(stderr, /none\.tar/);
  }
  const { status, stderr } = await lab.berth(['load', '-i', '/no/such.tar']);
  assert.equal(status, 125);
  assert.match(stderr, /"\/no\/such\.tar".*no such file/);
});

test('import makes an image of a root file system', async () => {
  const tree = path.join(lab.folder, 'tree');
  mkdirSync(path.join(tree, 'bin'), { recursive: true });
  copyFileSync('/bin/busybox', path.join(tree, 'bin/busybox'));
  execFileSync('tar', ['-C', tree, '--owner=0', '--group=0', '-czf', `${tree}.tgz`, '.']);
  await lab.ok([
    'import',
    '-q',
    '-c',
    'CMD ["/bin/busybox","echo","imported"]',
    '-c',
    'ENV A=b',
    `${tree}.tgz`,
    'made:1',
  ]);
  assert.equal(await lab.ok(['run', '--rm', 'made:1']), 'imported');
  assert.match(await lab.ok(['history', 'made:1']), /imported from/);
});
