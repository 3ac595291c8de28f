/**
 * `berth pull` against a scripted registry and against files: transports, policies, platforms,
 * digests, layers of every kind, and what is no image.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { startRegistryServer } from '@berth/testing';
import type { ContentDescriptor, RegistryServer } from '@berth/testing';
import { archiveOf } from '../lab/images.ts';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const skopeo = { skip: missing.skopeo };
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
let registry: RegistryServer;
let one: Buffer;
let two: Buffer;

before(async () => {
  registry = await startRegistryServer();
  one = layer({ 'one/file': 'one' });
  two = layer({ 'two/file': 'two' });
});
lab.atEnd(async () => registry.close());

/** A layer of these files, by GNU tar. */
function layer(files: Record<string, string>): Buffer {
  const tree = path.join(lab.folder, `tree-${Object.keys(files).join('').replaceAll('/', '-')}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(tree, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(tree, name), text);
  }
  return execFileSync('tar', ['-C', tree, '--owner=0', '--group=0', '--mtime=@1', '-c', '.']);
}

function nameOf(repository: string): string {
  return `${registry.host}/${repository}`;
}

async function pull(repository: string, ...flags: string[]): Promise<string> {
  return lab.ok(['pull', '-q', '--tls-verify=false', ...flags, nameOf(repository)]);
}

function putManifest(repository: string, document: object, mediaType = OCI_MANIFEST): void {
  registry.content.putManifest({ repository, tag: 'latest' },
    { bytes: Buffer.from(JSON.stringify(document)), mediaType });
}

async function namesOf(id: string): Promise<string[]> {
  return JSON.parse(await lab.ok(['image', 'inspect', '-f', '{{json .RepoTags}}', id])) as string[];
}

test('images of no layer, of equal layers, and of more than a hundred', async () => {
  registry.content.putImage({ repository: 'none', tag: 'latest', layers: [] });
  registry.content.putImage({ repository: 'equal', tag: 'latest', layers: [one, one, two, one] });
  const layers = Array.from({ length: 120 }, (_, index) =>
    Buffer.concat([one, Buffer.alloc(512 * index)]));
  registry.content.putImage({ repository: 'many', tag: 'latest', layers });
  for (const repository of ['none', 'equal', 'many']) {
    assert.match(await pull(repository), /^\w{64}$/);
  }
  const count = ['image', 'inspect', '-f', '{{len .RootFS.Layers}}', nameOf('many')];
  assert.equal(await lab.ok(count), '120');
});

test('an image with more layers than an overlay takes is refused by name, with the way out',
  async () => {
    const layers = Array.from({ length: 501 }, (_, index) => Buffer.from(`never read ${index}`));
    registry.content.putImage({ repository: 'deep', tag: 'latest', layers });
    const { status, stderr } = await lab.berth(['pull', '--tls-verify=false', nameOf('deep')]);
    assert.equal(status, 125);
    assert.match(stderr, /^Error: pull ".*\/deep:latest": it has 501 layers, .* at most 500/m);
    assert.match(stderr, /^hint: squash it where it is built: podman build --squash-all/m);
    assert.equal((await lab.berth(['image', 'exists', nameOf('deep')])).status, 1);
  });

test('a container of an image that lists one layer twice runs', async () => {
  const layers = [{ '/a': '1' }, { '/a': '2' }, { '/a': '1' }];
  const image = await lab.image({ name: 'localhost/twice', layers });
  assert.equal(await lab.ok(['run', '--rm', '--network=none', image, 'cat', '/a']), '1');
});

test('layers are what their bytes say, whatever their media type says', async () => {
  const { config, layers } = registry.content.putImage({
    repository: 'plain', layers: [one], compression: 'none',
  });
  const mislabelled = layers.map((entry) => ({ ...entry, mediaType: `${entry.mediaType}+gzip` }));
  putManifest('labels', { schemaVersion: 2, config, layers: mislabelled });
  putManifest('typeless', { schemaVersion: 2, config, layers }, 'text/plain');
  assert.equal(await pull('labels'), await pull('typeless'));
});

test('zstd layers with frames that decoders skip, as zstd:chunked has them', async () => {
  const { config } = registry.content.putImage({ repository: 'plain', layers: [two] });
  const skippable = Buffer.concat([Buffer.from('502a4d1804000000', 'hex'), Buffer.from('toc!')]);
  const frame = (part: Buffer): Buffer => execFileSync('zstd', ['-c'], { input: part });
  const bytes = Buffer.concat(
    [frame(two.subarray(0, 1000)), skippable, frame(two.subarray(1000)), skippable]);
  const blob: ContentDescriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
    digest: registry.content.putBlob(bytes), size: bytes.length };
  putManifest('chunked', { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [blob] });
  assert.match(await pull('chunked'), /^\w{64}$/);
});

test('artifacts and images of Docker schema 1 are refused by what they are', async () => {
  const empty = { digest: registry.content.putBlob(Buffer.from('{}')), size: 2 };
  const chart = 'application/vnd.cncf.helm.config.v1+json';
  putManifest('chart', { schemaVersion: 2, config: { ...empty, mediaType: chart }, layers: [] });
  putManifest('note', { schemaVersion: 2, artifactType: 'text/note', layers: [],
    config: { ...empty, mediaType: 'application/vnd.oci.empty.v1+json' } });
  putManifest('old', { schemaVersion: 1, fsLayers: [] },
    'application/vnd.docker.distribution.manifest.v1+prettyjws');
  for (const [repository, reason] of [
    ['chart', /artifact of type "application\/vnd\.cncf\.helm/],
    ['note', /artifact of type "text\/note"/],
    ['old', /schema 1 is not supported/],
  ] as const) {
    const name = nameOf(repository);
    const { status, stderr } = await lab.berth(['pull', '-q', '--tls-verify=false', name]);
    assert.equal(status, 125);
    assert.match(stderr, reason);
  }
});

test('configs of odd shape are read for what makes sense in them', async () => {
  const odd = { created: 'yesterday', history: [{ created: 7 }, { empty_layer: true }], config: {
    Env: ['A', '*', 'B=1'], Labels: null, ExposedPorts: [], Cmd: null, Volumes: 'x' } };
  registry.content.putImage({ repository: 'odd', tag: 'latest', layers: [one], config: odd });
  const id = await pull('odd');
  assert.doesNotMatch(await lab.ok(['images']), /NaN|undefined/);
  assert.match(await lab.ok(['history', id]), /<missing>/);
});

test('of an index the platform that is asked for; another one is warned of', async () => {
  const put = (architecture: string, variant?: string) => registry.content.putImage({
    repository: 'index', layers: [layer({ [`${architecture}${variant ?? ''}`]: '' })],
    platform: { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) },
  }).manifest;
  registry.content.putIndex({ repository: 'index', tag: 'latest' },
    [put('arm', 'v7'), put('arm', 'v6'), put('riscv64'), put('amd64'), put('arm64')]);
  const architectures = [];
  for (const flags of [['--platform', 'linux/arm/v6'], ['--arch', 'arm', '--variant', 'v7'],
    ['--arch', 'riscv64', '--os', 'linux']]) {
    const id = await pull('index', ...flags);
    architectures.push(await lab.ok(['image', 'inspect', '-f', '{{.Architecture}}', id]));
  }
  assert.deepEqual(architectures, ['arm', 'arm', 'riscv64']);
  const absent = ['--arch', 's390x', nameOf('index')];
  const { status, stderr } = await lab.berth(['pull', '--tls-verify=false', ...absent]);
  assert.equal(status, 125);
  assert.match(stderr, /it exists for linux\/arm\/v7/);
  registry.content.putImage({ repository: 'foreign', tag: 'latest', layers: [one],
    platform: { os: 'linux', architecture: 's390x' } });
  const other = await lab.berth(['pull', '-q', '--tls-verify=false', nameOf('foreign')]);
  assert.match(other.stderr, /Warning: image .* is for linux\/s390x/);
});

test('an image of an index is known by both digests, and annotated by its manifest', async () => {
  const { manifest: plain } = registry.content.putImage({
    repository: 'both', layers: [one], platform: { os: 'linux', architecture: 'arm64' },
  });
  const stored = registry.content.manifest('both', plain.digest)?.bytes.toString() ?? '';
  const document = { ...JSON.parse(stored) as object, annotations: { 'org.test.of': 'both' } };
  const manifest = registry.content.putManifest({ repository: 'both' },
    { bytes: Buffer.from(JSON.stringify(document)), mediaType: OCI_MANIFEST });
  const index = registry.content.putIndex({ repository: 'both', tag: 'latest' },
    [{ ...manifest, platform: { os: 'linux', architecture: 'arm64' } }]);
  const id = await pull('both', '--arch', 'arm64');
  const byIndex = `${nameOf('both')}@${index.digest}`;
  const byManifest = `${nameOf('both')}@${manifest.digest}`;
  const known = '{{.Digest}} {{.RepoDigests}}';
  const expected = `${index.digest} [${byIndex} ${byManifest}]`;
  assert.equal(await lab.ok(['image', 'inspect', '-f', known, id]), expected);
  assert.equal(await lab.ok(['images', '--format', known, nameOf('both')]), expected);
  assert.equal(
    await lab.ok(['image', 'inspect', '-f', '{{.Annotations}}', id]), 'map[org.test.of:both]');
  for (const name of [byIndex, byManifest]) await lab.ok(['image', 'exists', name]);
});

test('policies: never asks nobody, missing for what is not here, newer for changes', async () => {
  registry.content.putImage({ repository: 'policy', tag: 'latest', layers: [one] });
  const never = await lab.berth(['pull', '--policy', 'never', nameOf('policy')]);
  assert.equal(never.status, 125);
  const first = await pull('policy', '--policy', 'missing');
  registry.content.putImage({ repository: 'policy', tag: 'latest', layers: [two] });
  registry.requests.length = 0;
  assert.equal(await pull('policy', '--policy', 'missing'), first);
  assert.equal(await pull('policy', '--policy', 'never'), first);
  assert.equal(registry.requests.length, 0);
  const second = await pull('policy', '--policy', 'newer');
  assert.notEqual(second, first);
  registry.faults.add({ match: /policy/, fault: { kind: 'status', status: 500 } });
  assert.equal(await pull('policy', '--policy', 'newer', '--retry', '0'), second);
  registry.faults.clear();
});

test('what policy.json rejects is not asked for, by pull, run and load', async () => {
  registry.content.putImage({ repository: 'rejected', tag: 'latest', layers: [one] });
  const file = path.join(lab.home, '.config/containers/policy.json');
  mkdirSync(path.dirname(file), { recursive: true });
  const host = nameOf('rejected').split('/', 1)[0] ?? '';
  const accept = [{ type: 'insecureAcceptAnything' }];
  const scopes = { [`${host}/rejected`]: [{ type: 'reject' }] };
  const archives = { '': [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/key' }] };
  writeFileSync(file, JSON.stringify({
    default: accept, transports: { docker: scopes, 'oci-archive': archives },
  }));
  registry.requests.length = 0;
  for (const command of [['pull'], ['run', '--rm']]) {
    const { status, stderr } =
      await lab.berth([...command, '--tls-verify=false', nameOf('rejected')]);
    assert.equal(status, 125);
    assert.match(stderr, /rejected:latest": the policy .*policy\.json rejects it\nhint: /);
  }
  assert.equal(registry.requests.length, 0);
  const { archive } = archiveOf({}, lab.folder);
  const load = await lab.berth(['load', '-i', archive]);
  assert.match(load.stderr, /the policy .* wants a signature \(signedBy\), which can't be/);
  rmSync(file);
  await pull('rejected');
  await lab.ok(['load', '-i', archive]);
  await lab.ok(['rmi', 'localhost/busybox']);
});

test('a digest names the image: a tag beside it is not taken, and prune leaves it', async () => {
  const { manifest } = registry.content.putImage({
    repository: 'pinned', tag: 'latest', layers: [one, two],
  });
  const pinned = `${nameOf('pinned')}:other@${manifest.digest}`;
  const id = await lab.ok(['pull', '-q', '--tls-verify=false', pinned]);
  assert.deepEqual(await namesOf(id), []);
  await lab.ok(['image', 'prune', '-f']);
  const listed = await lab.ok(['images', '--format', '{{.Repository}} {{.Tag}}', nameOf('pinned')]);
  assert.equal(listed, `${nameOf('pinned')} <none>`);
  assert.equal(await lab.ok(['rmi', `${nameOf('pinned')}@${manifest.digest}`]),
    `Untagged: ${nameOf('pinned')}@${manifest.digest}\nDeleted: ${id}`);
});

test('what is wrong with a layer is said by who found it, with the name of the layer', async () => {
  const noise = layer({ 'noise/file': randomBytes(300_000).toString('base64') });
  const image = registry.content.putImage({ repository: 'noise', tag: 'latest', layers: [noise] });
  const [{ digest } = { digest: '' }] = image.layers;
  const match = new RegExp(`^GET .*blobs/${digest}`);
  const refusedFor = async (): Promise<string> => {
    const { stderr } = await lab.berth(
      ['pull', '-q', '--retry', '0', '--tls-verify=false', nameOf('noise')]);
    registry.faults.clear();
    return stderr;
  };
  registry.faults.add({ match, times: 1, fault: { kind: 'corrupt' } });
  assert.match(await refusedFor(), new RegExp(`pull layer "${digest}" of ".*noise:latest": \\w`));
  registry.faults.add({ match, times: 1, fault: { kind: 'cut', afterBytes: 100_000 } });
  registry.faults.add({ match, fault: { kind: 'drop' } });
  assert.match(await refusedFor(), /Error: connect to "[\d.:]+": the connection was cut off/);
  assert.match(await pull('noise'), /^[0-9a-f]{64}$/);
});

test('a layer that is here is not fetched again, nor one that several tags share', async () => {
  registry.content.putImage({ repository: 'shared', tag: 'a', layers: [one, layer({ a: '' })] });
  registry.content.putImage({ repository: 'shared', tag: 'b', layers: [one, layer({ b: '' })] });
  registry.content.putImage({ repository: 'base', tag: 'latest', layers: [one] });
  await pull('base');
  registry.requests.length = 0;
  const name = `docker://${nameOf('shared')}`;
  const ids = await lab.ok(['pull', '-q', '--all-tags', '--tls-verify=false', name]);
  assert.equal(ids.split('\n').length, 2);
  const blobs = registry.requests.filter(({ path: address }) => address.includes('/blobs/'));
  assert.equal(blobs.length, 4, 'two configs and two layers');
});

test('bars fit into a narrow terminal', async () => {
  registry.content.putImage({ repository: 'bars', tag: 'latest', layers: [one, two] });
  const words = [...lab.command, 'pull', '--tls-verify=false', nameOf('bars')].join(' ');
  const { stdout } = await lab.inShell(`stty cols 40 rows 8; ${words}`);
  const lines = stdout.replace(/\u001b\[\d*[A-Z]/g, '').split(/\r?\n/);
  const bars = lines.filter((line) => line.startsWith('Copying blob'));
  assert.ok(bars.length >= 2);
  assert.deepEqual(bars.filter((line) => line.length >= 40), []);
});

test('an alias of registries.conf finds what it pulled, and nothing is asked again', async () => {
  registry.content.putImage({ repository: 'team/tool', tag: '1', layers: [one] });
  const folder = path.join(lab.home, '.config/containers');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'registries.conf');
  try {
    writeFileSync(file, `[aliases]\nnickname = "${nameOf('team/tool')}"\n`);
    const id = await lab.ok(['pull', '-q', '--tls-verify=false', 'nickname:1']);
    registry.requests.length = 0;
    assert.equal(await lab.ok(['image', 'inspect', '-f', '{{.Id}}', 'nickname:1']), id);
    await lab.ok(['create', '--name', 'by-alias', 'nickname:1', 'true']);
    await lab.ok(['rm', 'by-alias']);
    assert.deepEqual(registry.requests, []);
  } finally {
    rmSync(file);
  }
  assert.equal((await lab.berth(['image', 'exists', 'nickname:1'])).status, 1);
});

test('configuration from a pipe is read once, for all that asks for it', async () => {
  registry.content.putImage({ repository: 'piped', tag: 'latest', layers: [one] });
  const conf = `unqualified-search-registries = ["${registry.host}"]\n`
    + `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`
    + '[aliases]\ntagged = "localhost/x:1"\n';
  const pullOf = async (name: string): Promise<string> => {
    const words = [...lab.command, 'pull', '-q', name].join(' ');
    const script = `printf '%s' '${conf}' | CONTAINERS_REGISTRIES_CONF=/dev/stdin ${words}`;
    return (await lab.inShell(script)).stdout;
  };
  assert.match(await pullOf('piped'), /^[0-9a-f]{64}\s*$/);
  assert.match(await pullOf('tagged'), /alias "localhost\/x:1" is not a full name/);
});

test('when neither mirror nor registry has an image, the reasons of all are told', async () => {
  const conf = path.join(lab.home, 'mirrors.conf');
  writeFileSync(conf, `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`
    + '[[registry.mirror]]\nlocation = "localhost:1"\ninsecure = true\n');
  const { stderr } = await lab.berth(['pull', '-q', '--retry', '0', nameOf('nowhere')],
    { env: { CONTAINERS_REGISTRIES_CONF: conf } });
  assert.match(stderr, /mirror: connect to "localhost:1": connection refused/);
  assert.match(stderr, /^Error: .*does not have it/m);
});

test('a short name that no registry gives is refused with the reason of each', async () => {
  const conf = path.join(lab.home, 'search.conf');
  writeFileSync(conf, `unqualified-search-registries = ["localhost:1", "${registry.host}"]\n`);
  const { status, stderr } = await lab.berth(
    ['pull', '--retry', '0', '--tls-verify=false', 'nobody/has:1'],
    { env: { CONTAINERS_REGISTRIES_CONF: conf } });
  assert.equal(status, 125);
  assert.match(stderr, /^Error: pull "nobody\/has:1": no registry of the search list has it: /m);
  assert.match(stderr, /connect to "localhost:1": connection refused; fetch manifest of/);
});

test('files and folders by transport, each under its name', skopeo, async () => {
  const { archive } = archiveOf({ name: 'localhost/made:1' }, lab.folder);
  const at = (name: string): string => path.join(lab.folder, name);
  const copy = (target: string): void => void execFileSync('skopeo',
    ['copy', '-q', `oci-archive:${archive}`, target]);
  for (const target of ['dir:', 'oci:', 'oci-archive:', 'docker-archive:']) {
    copy(`${target}${at(target.slice(0, -1))}${target === 'dir:' ? '' : ':sample/app:2'}`);
  }
  const cases: [string, string[]][] = [
    [`dir:${at('dir')}`, []],
    [`oci:${at('oci')}:sample/app:2`, ['localhost/sample/app:2']],
    [`oci-archive:${at('oci-archive')}`, ['localhost/sample/app:2']],
    [`docker-archive:${at('docker-archive')}`, ['docker.io/sample/app:2']],
    [`docker-archive:${at('docker-archive')}:sample/app:2`, ['docker.io/sample/app:2']],
  ];
  for (const [name, names] of cases) {
    const id = await lab.ok(['pull', '-q', name]);
    assert.deepEqual(await namesOf(id), names, name);
    await lab.ok(['rmi', '-f', id]);
  }
  const ran = await lab.ok(['run', '--rm', `oci-archive:${at('oci-archive')}`, 'echo', 'ran']);
  assert.equal(ran, 'ran');
  assert.match(await lab.ok(['load', '-q', '-i', at('dir')]), /^Loaded image: sha256:/);
  for (const [name, reason] of [
    [`docker-archive:${at('docker-archive')}:absent:1`, /it has no "absent:1"/],
    ['dir:/no/such', /no such file/], ['docker-daemon:x:1', /docker save IMAGE \| berth load/],
  ] as const) {
    const { status, stderr } = await lab.berth(['pull', '-q', name]);
    assert.equal(status, 125);
    assert.match(stderr, reason);
  }
});
