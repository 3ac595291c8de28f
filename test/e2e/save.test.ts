/**
 * `berth save`: archives and folders that load as the same image everywhere, and that other
 * programs read.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { execute } from './execute.ts';
import { openLab } from './harness.ts';

const lab = openLab();

const LAYERS = [
  { '/etc/a': { text: 'setuid', mode: 0o4755 }, '/etc/link': { link: '../x' }, '/d/': '' },
  { '/etc/.wh.a': '', '/e/.wh..wh..opq': '', '/e/file': 'x'.repeat(70_000) },
];

async function run(...command: string[]): Promise<string> {
  const { status, stdout, stderr } = await execute(command, { env: lab.environment });
  assert.equal(status, 0, `${command.join(' ')}: ${stderr}`);
  return stdout;
}

async function diffIds(name: string): Promise<string> {
  return lab.ok(['image', 'inspect', '--format', '{{.Id}} {{json .RootFS.Layers}}', name]);
}

test('every format loads as the same image, and skopeo and umoci read it', async () => {
  const name = await lab.image({ name: 'localhost/app:1', busybox: false, layers: LAYERS });
  const before = await diffIds(name);
  const formats: [format: string, transport: string][] = [
    ['docker-archive', 'docker-archive'], ['oci-archive', 'oci-archive'], ['oci-dir', 'oci'],
  ];
  for (const [format, transport] of formats) {
    const output = path.join(lab.folder, format);
    await lab.ok(['save', '-q', '--format', format, '-o', output, name]);
    const raw = await run('skopeo', 'inspect', '--config', '--raw', `${transport}:${output}`);
    assert.equal(JSON.parse(raw).rootfs.diff_ids.length, 2, format);
    await run('skopeo', 'copy', '-q', `${transport}:${output}`, `dir:${output}.copy`);
    await lab.ok(['rmi', '--force', name]);
    assert.match(await lab.ok(['load', '-q', '-i', output]), /^Loaded image: localhost\/app:1$/m);
    assert.equal(await diffIds(name), before, format);
  }
  const layout = path.join(lab.folder, 'oci-dir');
  assert.match(await run('umoci', 'ls', '--layout', layout), /localhost\/app:1/);
  await run('umoci', 'unpack', '--rootless', '--image', `${layout}:localhost/app:1`,
    path.join(lab.folder, 'bundle'));
  assert.equal(existsSync(path.join(lab.folder, 'bundle/rootfs/etc/a')), false);
  assert.equal(readFileSync(path.join(lab.folder, 'bundle/rootfs/e/file'), 'utf8').length, 70_000);
  await run('chmod', '-R', 'u+rwX', path.join(lab.folder, 'bundle'));
});

test('save writes to standard output, and never to a terminal', async () => {
  const name = await lab.image({ name: 'localhost/app:1', busybox: false, layers: LAYERS });
  const archive = path.join(lab.folder, 'piped.tar');
  const words = lab.command.map((word) => `'${word}'`).join(' ');
  await run('sh', '-c', `${words} save ${name} > ${archive}`);
  await run('sh', '-c', `${words} save -o - ${name} | cmp - ${archive}`);
  const { status, stdout } = await lab.terminal(['save', name]);
  assert.equal(status, 125);
  assert.match(stdout, /Error: save to standard output: it is a terminal/);
});

test('several images go into one archive, each with its names', async () => {
  const one = await lab.image({ name: 'localhost/one:1', busybox: false, layers: LAYERS });
  const two = await lab.image({ name: 'localhost/two:2', busybox: false, layers: [{ '/b': 'b' }] });
  await lab.ok(['tag', one, 'localhost/also:3']);
  const archive = path.join(lab.folder, 'many.tar');
  await lab.ok(['save', '-q', '-m', '-o', archive, one, two, 'localhost/also:3']);
  const manifest = JSON.parse(await run('tar', '-xOf', archive, 'manifest.json'));
  assert.deepEqual(manifest.map((entry: { RepoTags: string[] }) => entry.RepoTags),
    [['localhost/one:1', 'localhost/also:3'], ['localhost/two:2']]);
  await lab.ok(['rmi', '--all', '--force']);
  const loaded = await lab.ok(['load', '-q', '-i', archive]);
  assert.equal(loaded.split('\n').length, 3);
});

test('docker-dir is what skopeo calls dir, compressed if asked', async () => {
  const name = await lab.image({ name: 'localhost/app:1', busybox: false, layers: LAYERS });
  const folder = path.join(lab.folder, 'docker-dir');
  await lab.ok(['save', '-q', '--compress', '--format', 'docker-dir', '-o', folder, name]);
  const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
  assert.equal(manifest.layers[0].mediaType, 'application/vnd.docker.image.rootfs.diff.tar.gzip');
  await run('skopeo', 'inspect', `dir:${folder}`);
});

test('both builds give the same bytes, also compressed ones', async () => {
  const name = await lab.image({ name: 'localhost/app:1', busybox: false, layers: LAYERS });
  const archives: Buffer[] = [];
  const dist = path.dirname(lab.command.at(-1) ?? '');
  const builds = [[path.join(dist, 'berth')], [process.execPath, path.join(dist, 'berth.cjs')]];
  for (const [index, command] of builds.entries()) {
    const archive = path.join(lab.folder, `build-${index}.tar`);
    await run(...command, 'save', '-q', '--format', 'oci-archive', '-o', archive, name);
    archives.push(readFileSync(archive));
  }
  assert(archives[0]?.equals(archives[1] ?? Buffer.alloc(0)));
});

test('a docker-archive is not written over, as with Podman; an oci-archive is', async () => {
  const name = await lab.image({ name: 'localhost/app:1', busybox: false, layers: LAYERS });
  const output = path.join(lab.folder, 'kept.tar');
  writeFileSync(output, '');
  await lab.ok(['save', '-q', '-o', output, name]);
  const before = readFileSync(output);
  for (const args of [['save', '-o', output, name], ['push', name, `docker-archive:${output}`]]) {
    const { status, stderr } = await lab.berth(args);
    assert.equal(status, 125);
    assert.equal(stderr, `Error: write "${output}": it exists already\nhint: rm ${output}\n`);
  }
  assert.ok(readFileSync(output).equals(before));
  await lab.ok(['save', '-q', '--format', 'oci-archive', '-o', output, name]);
  assert.ok(!readFileSync(output).equals(before));
});

test("what can't be saved leaves nothing behind and is said in a sentence", async () => {
  const name = await lab.image({ name: 'localhost/app:1', busybox: false, layers: LAYERS });
  const folder = path.join(lab.folder, 'empty');
  mkdirSync(folder);
  const closed = path.join(lab.folder, 'closed');
  mkdirSync(closed, { mode: 0 });
  const output = path.join(folder, 'out.tar');
  const cases: [args: string[], message: RegExp][] = [
    [['save', '-o', output, 'nothing:1'], /find image "nothing:1"/],
    [['save', '--format', 'zip', '-o', output, name], /save as "zip": no such format/],
    [['save', '--compress', '-o', output, name], /--compress: it goes with --format docker-dir/],
    [['save', '--format', 'oci-dir', name], /save as oci-dir: it needs a folder/],
    [['save', '-o', path.join(folder, 'no/such/place'), name], /write ".*no\/such\/place"/],
    [['save', '-o', folder, name], /write ".*empty": it is a folder\nhint: .*empty\/FILE\.tar\n$/],
    [['save', '-o', path.join(closed, 'x'), name], /write ".*closed\/x": permission denied\n$/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = await lab.berth(args);
    assert.equal(status, 125, args.join(' '));
    assert.match(stderr, message);
  }
  const layers = path.join(lab.data, 'v1/layers');
  for (const layer of readdirSync(layers)) {
    await lab.ok(['unshare', 'sh', '-c', `for f in '${layers}/${layer}'/fs/e/file; do
      [ ! -e "$f" ] || echo other > "$f"; done`]);
  }
  writeFileSync(output, 'as it was');
  const { status, stderr } = await lab.berth(
    ['save', '--format', 'oci-archive', '-o', output, name]);
  assert.equal(status, 125);
  assert.match(stderr, /reproduce layer: file "e\/file"/);
  assert.equal(readFileSync(output, 'utf8'), 'as it was');
  assert.deepEqual(readdirSync(folder), ['out.tar']);
});
