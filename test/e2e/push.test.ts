/**
 * `berth push`: what goes to registries and archives, what does not have to go, and digests.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { archiveOf } from '../lab/images.ts';
import { startRegistry } from '../lab/registry.ts';
import { execute } from './execute.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const registry = await startRegistry(lab.folder);
lab.atEnd(() => registry.stop());

const LAYERS = [{ '/a': 'a'.repeat(100_000) }, { '/b': 'b' }];
const INSECURE = '--tls-verify=false';

async function push(...args: string[]): Promise<string> {
  return lab.ok(['push', INSECURE, ...args]);
}

async function manifest(name: string): Promise<{ bytes: string; digest: string }> {
  const [repository = '', tag = ''] = name.split(':');
  const response = await fetch(`http://${registry.host}/v2/${repository}/manifests/${tag}`, {
    headers: { accept: '*/*, application/vnd.oci.image.manifest.v1+json, '
      + 'application/vnd.docker.distribution.manifest.v2+json' },
  });
  assert.equal(response.status, 200);
  const digest = response.headers.get('docker-content-digest') ?? '';
  return { bytes: await response.text(), digest };
}

test('an image that was made here is pushed, and pulled as the same image', async () => {
  const name = await lab.image({ name: 'localhost/app:1', busybox: false, layers: LAYERS });
  const id = await lab.ok(['image', 'inspect', '--format', '{{.Id}}', name]);
  const file = path.join(lab.folder, 'digest');
  const digest = await push('--digestfile', file, name, `${registry.host}/made:1`);
  assert.equal((await manifest('made:1')).digest, digest);
  assert.equal(readFileSync(file, 'utf8'), digest);
  const quiet = await lab.berth(['push', '-q', INSECURE, name, `${registry.host}/made:2`]);
  assert.deepEqual(quiet, { status: 0, stdout: '', stderr: '' });
  const folder = path.join(lab.folder, 'pushed');
  await lab.ok(['push', '--digestfile', file, name, `dir:${folder}`]);
  const written = readFileSync(path.join(folder, 'manifest.json'));
  assert.equal(readFileSync(file, 'utf8'),
    `sha256:${createHash('sha256').update(written).digest('hex')}`);
  await lab.ok(['rmi', '--all', '--force']);
  assert.equal(await lab.ok(['pull', '-q', INSECURE, `${registry.host}/made:1`]), id);
  const raw = await execute(['skopeo', 'inspect', '--tls-verify=false', '--config', '--raw',
    `docker://${registry.host}/made:1`]);
  assert.equal(JSON.parse(raw.stdout).rootfs.diff_ids.length, 2);
});

test('a pulled image keeps its digest, in its own repository and in a new one', async () => {
  const { archive, name } = archiveOf({ name: 'localhost/orig:1', layers: LAYERS }, lab.folder);
  registry.push(`oci-archive:${archive}:${name}`, 'orig:1');
  const { digest, bytes } = await manifest('orig:1');
  await lab.ok(['pull', '-q', INSECURE, `${registry.host}/orig:1`]);
  assert.equal(await push(`${registry.host}/orig:1`, `${registry.host}/orig:2`), digest);
  const { stderr } = await lab.berth(
    ['push', INSECURE, `${registry.host}/orig:1`, `docker://${registry.host}/other/name:3`]);
  assert.match(stderr, /already exists|skipped|exists/i);
  assert.deepEqual(await manifest('other/name:3'), { digest, bytes });
});

test('a layer that came with another image is not sent, but mounted from there', async () => {
  const { archive, name } = archiveOf({ name: 'localhost/base:1', layers: LAYERS }, lab.folder);
  registry.push(`oci-archive:${archive}:${name}`, 'base:1');
  const layersOf = async (image: string): Promise<{ digest: string; size: number }[]> =>
    JSON.parse((await manifest(image)).bytes).layers;
  const base = await layersOf('base:1');
  await lab.ok(['pull', '-q', INSECURE, `${registry.host}/base:1`]);
  await lab.ok(['create', '--name', 'derived', `${registry.host}/base:1`]);
  await lab.ok(['commit', '-q', 'derived', 'localhost/derived:1']);
  const { stderr } = await lab.berth(
    ['push', INSECURE, 'localhost/derived:1', `docker://${registry.host}/derived:1`]);
  assert.equal(stderr.match(/already exists/g)?.length, base.length, stderr);
  const derived = await layersOf('derived:1');
  const forms = (layers: typeof base) => layers.map(({ digest, size }) => ({ digest, size }));
  assert.deepEqual(forms(derived.slice(0, base.length)), forms(base));
  await lab.ok(['rm', 'derived']);
  await lab.ok(['rmi', '--all', '--force']);
});

test('a second push of an image that was made here sends nothing and says the same', async () => {
  const name = await lab.image({ name: 'localhost/twice:1', busybox: false, layers: LAYERS });
  const first = await push(name, `${registry.host}/twice:1`);
  assert.equal(await push(name, `${registry.host}/twice:1`), first);
  assert.equal(await push(name, `${registry.host}/elsewhere:1`), first);
});

test('what a killed push or save left is cleared away by the next one', async () => {
  const name = await lab.image({ name: 'localhost/killed:1', busybox: false, layers: LAYERS });
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const left = (): string[] =>
    ['staging', 'trash'].flatMap((folder) => readdirSync(path.join(lab.data, 'v1', folder)));
  for (const next of [['push', INSECURE, name, `${registry.host}/killed:1`],
    ['save', '-q', '-o', path.join(lab.folder, 'killed.tar'), name]]) {
    const { child, finished } = lab.start(['push', INSECURE, name, `127.0.0.1:${port}/killed:1`]);
    while (!left().some((file) => file.endsWith(',session'))) await setTimeout(10);
    child.kill('SIGKILL');
    await finished;
    await lab.ok(next);
    assert.deepEqual(left(), []);
  }
  silent.close();
});

test('registries.conf says of a part of a registry that it is insecure, or blocked', async () => {
  const name = await lab.image({ name: 'localhost/ruled:1', busybox: false, layers: LAYERS });
  const conf = path.join(lab.home, 'rules.conf');
  writeFileSync(conf, `[[registry]]\nlocation = "${registry.host}/open"\ninsecure = true\n`
    + `[[registry]]\nlocation = "${registry.host}/closed"\nblocked = true\n`);
  const env = { CONTAINERS_REGISTRIES_CONF: conf };
  await lab.ok(['push', name, `${registry.host}/open/app:1`], { env });
  const closed = `${registry.host}/closed/a:1`;
  const { status, stderr } = await lab.berth(['push', name, closed], { env });
  assert.equal(status, 125);
  assert.match(stderr, /push "localhost:\d+\/closed\/a": registries\.conf blocks/);
});

test('a damaged manifest of another image is no obstacle', async () => {
  const other = await lab.image({ name: 'localhost/other:1', busybox: false, layers: LAYERS });
  const digest = await push(other, `${registry.host}/damaged:1`);
  const blobs = path.join(lab.data, 'v1/blobs/sha256');
  writeFileSync(path.join(blobs, digest.replace('sha256:', '')), '{}');
  const layers = [{ '/c': 'c' }];
  const name = await lab.image({ name: 'localhost/sound:1', busybox: false, layers });
  await push(name, `${registry.host}/sound:1`);
  // Its own is only made again.
  await push(other, `${registry.host}/damaged:2`);
  await lab.ok(['rmi', '--all', '--force']);
});

test('the format is the one that is asked for, and levels of compression differ', async () => {
  const name = await lab.image({ name: 'localhost/form:1', busybox: false, layers: LAYERS });
  await push('--format', 'docker', name, `${registry.host}/form:docker`);
  const docker = JSON.parse((await manifest('form:docker')).bytes);
  assert.equal(docker.mediaType, 'application/vnd.docker.distribution.manifest.v2+json');
  assert.match(docker.layers[0].mediaType, /docker.*gzip$/);
  await push('--format', 'oci', name, `${registry.host}/form:oci`);
  const oci = JSON.parse((await manifest('form:oci')).bytes);
  assert.equal(oci.layers[0].digest, docker.layers[0].digest);
  await push('--compression-level', '9', '--force-compression', name, `${registry.host}/form:9`);
  const small = JSON.parse((await manifest('form:9')).bytes);
  assert(small.layers[0].size < oci.layers[0].size);
});

test('the form of one push is not that of the next', async () => {
  const { archive, name } = archiveOf({ name: 'localhost/keeps:1', layers: LAYERS }, lab.folder);
  for (const format of ['oci', 'v2s2']) {
    registry.push(`oci-archive:${archive}:${name}`, `keeps-${format}:1`);
    const here = `${registry.host}/keeps-${format}:1`;
    if (format === 'v2s2') {
      await execute(['skopeo', 'copy', '-q', '--format', 'v2s2', '--src-tls-verify=false',
        '--dest-tls-verify=false', `docker://${here}`, `docker://${here}`], {});
    }
    await lab.ok(['pull', '-q', INSECURE, here]);
    const { digest } = await manifest(`keeps-${format}:1`);
    const other = format === 'oci' ? 'v2s2' : 'oci';
    const converted = await push('--format', other, here, `${here}-${other}`);
    await push('--compression-format', 'zstd', here, `${here}-zstd`);
    assert.notEqual(converted, digest);
    assert.equal(await push(here, `${here}-again`), digest);
    assert.equal(await push('--format', other, here, `${here}-other`), converted);
    await lab.ok(['rmi', '--all', '--force']);
  }
});

test('a digest as the destination is what the image has there, or an error', async () => {
  const name = await lab.image({ name: 'localhost/digest:1', busybox: false, layers: LAYERS });
  const here = `${registry.host}/digest`;
  const digest = await push(name, `${here}:1`);
  assert.equal(await push(name, `${here}@${digest}`), digest);
  const { status, stderr } = await lab.berth(
    ['push', INSECURE, name, `${here}@sha256:${'0'.repeat(64)}`]);
  assert.equal(status, 125);
  assert.match(stderr, /push to ".*@sha256:0{64}": the image has another digest there\nhint: /);
});

test('gzip and zstd of several blocks are what other programs unpack to the diff id', async () => {
  const words = Array.from({ length: 300_000 }, (_, index) => `${index * 7919}`).join(' ');
  const layers = [{ '/w': words }];
  const name = await lab.image({ name: 'localhost/big:1', busybox: false, layers });
  const diffId = await lab.ok(['image', 'inspect', '--format', '{{index .RootFS.Layers 0}}', name]);
  const id = await lab.ok(['image', 'inspect', '--format', '{{.Id}}', name]);
  for (const [format, type] of [['gzip', /gzip$/], ['zstd', /^application.*oci.*zstd$/]] as const) {
    const target = `${registry.host}/big:${format}`;
    await push('--compression-format', format, name, target);
    const { mediaType, digest } = JSON.parse((await manifest(`big:${format}`)).bytes).layers[0];
    assert.match(mediaType, type);
    const blob = `http://${registry.host}/v2/big/blobs/${digest}`;
    const sum = `curl -sS ${blob} | ${format} -dc | sha256sum`;
    const { stdout } = await execute(['sh', '-c', sum], {});
    assert.equal(`sha256:${stdout.slice(0, 64)}`, diffId, format);
    const { status, stderr } = await execute(['skopeo', 'copy', '-q', '--src-tls-verify=false',
      '--dest-decompress', `docker://${target}`, `dir:${path.join(lab.folder, format)}`], {});
    assert.equal(status, 0, stderr);
    // Sent before, in either form: nothing is compressed again, and the form stays.
    assert.equal(await push('--compression-format', format, name, `${registry.host}/big:again`),
      (await manifest(`big:${format}`)).digest);
  }
  await lab.ok(['rmi', '--all', '--force']);
  assert.equal(await lab.ok(['pull', '-q', INSECURE, `${registry.host}/big:zstd`]), id);
});

test('archives and folders are destinations too', async () => {
  const name = await lab.image({ name: 'localhost/out:1', busybox: false, layers: LAYERS });
  for (const transport of ['docker-archive', 'oci-archive', 'oci', 'dir']) {
    const place = `${transport}:${path.join(lab.folder, `out-${transport}`)}`;
    const named = transport === 'dir' ? place : `${place}:other/name:2`;
    await lab.ok(['push', '-q', name, named]);
    const { status, stderr } = await execute(['skopeo', 'inspect', place], {});
    assert.equal(status, 0, `${place}: ${stderr}`);
  }
});

test("what can't be pushed is said in a sentence", async () => {
  const name = await lab.image({ name: 'localhost/bad:1', busybox: false, layers: LAYERS });
  const id = await lab.ok(['image', 'inspect', '--format', '{{.Id}}', name]);
  const cases: [args: string[], message: RegExp][] = [
    [['nothing:1', 'localhost:1/x'], /push image "nothing:1": not in local storage/],
    [[id], /an id says no destination/],
    [['--format', 'x', name], /push as "x": no such format/],
    [['--compression-format', 'lz4', name], /compress layers as "lz4"\n.*gzip and zstd/s],
    [['--compression-level', '10', name], /at level 10: not one of 1 to 9/],
    [['--compression-format', 'zstd', '--format', 'v2s2', name, `${registry.host}/bad:1`],
      /push as "v2s2": its layers can't be zstd/],
    [['--retry', '0', name, 'localhost:1/x:1'], /localhost:1/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = await lab.berth(['push', INSECURE, ...args]);
    assert.equal(status, 125, args.join(' '));
    assert.match(stderr, message);
  }
});
