/**
 * Volumes: named, anonymous, filled from the image, shared, removed.
 */
import assert from 'node:assert/strict';
import {
  existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const many = { skip: missing.subordinateIds };
let image = '';
before(async () => {
  image = await lab.image({
    name: 'localhost/with-data:1',
    layers: [{ 'data/seed': 'from image', 'data/sub/deep': 'deep' }],
    config: { Env: ['PATH=/bin'], Cmd: ['sh'], Volumes: { '/data': {} } },
  });
});

test('volumes are made, listed, inspected and removed', async () => {
  assert.equal(await lab.ok(['volume', 'create', '--label', 'a=b', 'one']), 'one');
  assert.equal((await lab.berth(['volume', 'create', 'one'])).status, 125);
  assert.equal(await lab.ok(['volume', 'create', '--ignore', 'one']), 'one');
  assert.equal(await lab.ok(['volume', 'ls', '-q', '--filter', 'label=a=b']), 'one');
  const folder = await lab.ok(['volume', 'inspect', '-f', '{{.Mountpoint}}', 'one']);
  assert.ok(existsSync(folder));
  assert.equal((await lab.berth(['volume', 'exists', 'one'])).status, 0);
  assert.equal(await lab.ok(['volume', 'rm', 'one']), 'one');
  assert.ok(!existsSync(folder));
  assert.equal((await lab.berth(['volume', 'exists', 'one'])).status, 1);
});

test('a fresh volume is filled from the image, an old one keeps its content', async () => {
  assert.equal(
    await lab.ok([
      'run',
      '--rm',
      '-v',
      'filled:/data',
      image,
      'cat',
      '/data/seed',
      '/data/sub/deep',
    ]),
    'from imagedeep',
  );
  await lab.ok(['run', '--rm', '-v', 'filled:/data', image, 'sh', '-c', 'echo mine >/data/seed']);
  assert.equal(
    await lab.ok(['run', '--rm', '-v', 'filled:/data', image, 'cat', '/data/seed']),
    'mine',
  );
  assert.equal(await lab.ok(['run', '--rm', '-v', 'empty:/data:nocopy', image, 'ls', '/data']), '');
  await lab.ok(['volume', 'rm', 'filled', 'empty']);
});

test("a new volume is the user's where the image has nothing", many, async () => {
  const owner = ['stat', '-c', '%u:%g', '/new', '/data'];
  const flags = ['--rm', '-v', 'fresh:/new', '-v', 'seeded:/data'];
  assert.equal(await lab.ok(['run', '-u', '7:8', ...flags, image, ...owner]), '7:8\n0:0');
  assert.equal(await lab.ok(['run', '-u', '9:9', ...flags, image, ...owner]), '7:8\n0:0');
  assert.equal(await lab.ok(['volume', 'inspect', '-f', '{{.UID}}:{{.GID}}', 'fresh']), '7:8');
  await lab.ok(['volume', 'rm', 'fresh', 'seeded']);
});

test("with U a source and all below become the user's, and no link is followed", many, async () => {
  const source = path.join(lab.home, 'given');
  const other = path.join(lab.home, 'other');
  mkdirSync(path.join(source, 'sub'), { recursive: true });
  mkdirSync(other);
  writeFileSync(path.join(source, 'sub/file'), '');
  symlinkSync('../other', path.join(source, 'link'));
  const find = ['find', '/given', '-exec', 'stat', '-c', '%n %u:%g', '{}', ';'];
  const run = async (user: string, ...mount: string[]): Promise<string[]> => {
    const text = await lab.ok(['run', '--rm', '-u', user, ...mount, image, ...find]);
    return text.split('\n').sort();
  };
  assert.deepEqual(await run('5:6', '-v', `${source}:/given:U`), [
    '/given 5:6', '/given/link 5:6', '/given/sub 5:6', '/given/sub/file 5:6',
  ]);
  assert.equal(statSync(other).uid, process.getuid?.());
  const mount = `type=bind,source=${source},target=/given,chown=true`;
  assert.equal((await run('0', '--mount', mount)).every((line) => line.endsWith(' 0:0')), true);
  for (const folder of [lab.home, path.dirname(lab.home), '/']) {
    const { status, stderr } = await lab.berth(['run', '-v', `${folder}:/given:U`, image, 'true']);
    assert.equal(status, 125, folder);
    assert.match(stderr, /give away your home/, folder);
  }
});

test('with O a source is seen as it is and changed in the container only', async () => {
  const source = path.join(lab.home, 'below: it, all');
  mkdirSync(path.join(source, 'sub'), { recursive: true });
  writeFileSync(path.join(source, 'sub/file'), 'as it was');
  const change = 'cat /low/sub/file; ls /low; echo new >/low/sub/file; rm -r /low/sub; ' +
    'mkdir /low/sub; echo more >/low/more; ls /low/sub';
  const mount = `type=bind,source="${source}",target=/low,O`;
  const { status } = await lab.berth(['run', '--rm', '--mount', mount, image, 'true']);
  assert.equal(status, 125, 'an option of --volume alone');
  symlinkSync(source, path.join(lab.home, 'low'));
  const flags = ['--name', 'over', '-v', `${lab.home}/low:/low:O`];
  assert.equal(await lab.ok(['run', ...flags, image, 'sh', '-c', change]), 'as it wassub');
  assert.equal(await lab.ok(['start', '-a', 'over']), 'as it wassub', 'each run begins anew');
  assert.deepEqual(readdirSync(source), ['sub']);
  assert.equal(readFileSync(path.join(source, 'sub/file'), 'utf8'), 'as it was');
  await lab.ok(['rm', '-v', 'over']);
});

test('VOLUME of an image is anonymous and goes with --rm, or with rm -v', async () => {
  assert.equal(await lab.ok(['run', '--rm', image, 'cat', '/data/seed']), 'from image');
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
  await lab.ok(['run', '--name', 'kept', image, 'true']);
  const name = await lab.ok(['volume', 'ls', '-q']);
  assert.match(name, /^[0-9a-f]{64}$/);
  await lab.ok(['rm', '-v', 'kept']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test('an anonymous volume goes with the last --rm container that mounts it', async () => {
  await lab.ok(['run', '-d', '--rm', '--name', 'lends', '-v', '/data', image, 'sleep', '60']);
  await lab.ok(['exec', 'lends', 'sh', '-c', 'echo precious > /data/file']);
  await lab.ok(['run', '-d', '--rm', '--name', 'borrows', '--volumes-from', 'lends', image,
    'sleep', '60']);
  const own = ['run', '--rm', '--volumes-from', 'lends', '-v', '/data/', image];
  assert.equal(await lab.ok([...own, 'ls', '/data']), 'seed\nsub');
  await lab.ok(['rm', '-f', '-t', '0', 'lends']);
  assert.equal(await lab.ok(['exec', 'borrows', 'cat', '/data/file']), 'precious');
  await lab.ok(['rm', '-f', '-t', '0', 'borrows']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test("a container of the machine's programs takes volumes of another one", async () => {
  await lab.ok(['create', '--name', 'lends', '-v', '/data', 'host', 'true']);
  await lab.ok(['run', '--rm', '--volumes-from', 'lends', 'host', 'touch', '/data/file']);
  await lab.ok(['rm', '-v', 'lends']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test('a volume in use is not removed, unless its containers go too', async () => {
  await lab.ok(['run', '-d', '--name', 'user', '--stop-timeout', '0', '-v',
    'used:/data', image, 'sleep', '100']);
  const { status, stderr } = await lab.berth(['volume', 'rm', 'used']);
  assert.equal(status, 2);
  assert.match(stderr, /"used"/);
  await lab.ok(['volume', 'rm', '--force', 'used']);
  assert.equal(await lab.ok(['ps', '-aq']), '');
});

test('no volume is pruned while what a container uses is not known', async () => {
  const id = await lab.ok(['create', '--name', 'hurt', '-v', 'unknown:/data', image]);
  writeFileSync(path.join(lab.data, 'v1/containers', id, 'config.json'), '{');
  const { status, stderr } = await lab.berth(['volume', 'prune', '-f', '--all']);
  assert.equal(status, 0);
  assert.match(stderr, /no volume is removed: .* damaged/);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), 'unknown');
  await lab.ok(['rm', '-f', 'hurt']);
  await lab.ok(['volume', 'prune', '-f', '--all']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test('two containers share a volume', async () => {
  await lab.ok([
    'run',
    '-d',
    '--name',
    'writer',
    '-v',
    'both:/data',
    image,
    'sh',
    '-c',
    'echo said >/data/word; sleep 100',
  ]);
  const { stdout } = await lab.berth([
    'run',
    '--rm',
    '-v',
    'both:/data:ro',
    image,
    'sh',
    '-c',
    'while ! cat /data/word 2>/dev/null; do sleep 0.1; done; ' +
      'touch /data/x 2>/dev/null || echo readonly',
  ]);
  assert.equal(stdout, 'said\nreadonly\n');
  await lab.ok(['rm', '-f', '-t', '0', 'writer']);
  assert.equal(await lab.ok(['volume', 'prune', '-f']), 'both');
});

test('a container that fails to be made leaves no volume', async () => {
  await lab.berth(['run', '--rm', '-v', 'fresh:/data', '-v', 'x:/proc', image, 'true']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test('filters take true and false, and nothing else, without volumes too', async () => {
  assert.equal((await lab.berth(['volume', 'ls', '-f', 'dangling=maybe'])).status, 125);
  await lab.ok(['volume', 'create', 'free']);
  const flags = ['--name', 'holder', '-v', 'held:/held', '--image-volume', 'ignore'];
  await lab.ok(['create', ...flags, image]);
  assert.equal(await lab.ok(['volume', 'ls', '-qf', 'dangling=1']), 'free');
  assert.equal(await lab.ok(['volume', 'ls', '-qf', 'dangling=f']), 'held');
  assert.equal(await lab.ok(['volume', 'inspect', '-f', '{{.UID}} {{.GID}}', 'free']), '0 0');
  await lab.ok(['rm', 'holder']);
  await lab.ok(['volume', 'rm', '--all']);
});

test('a volume can stand for a folder', async () => {
  const folder = path.join(lab.home, 'stood-for');
  mkdirSync(folder);
  const options = ['-o', 'type=none', '-o', 'o=bind', '-o', `device=${folder}`];
  await lab.ok(['volume', 'create', ...options, 'bound']);
  await lab.ok(['run', '--rm', '-v', 'bound:/data', image, 'sh', '-c', 'echo here >/data/file']);
  assert.deepEqual(readdirSync(folder), ['file'], 'and nothing of the image is copied there');
  assert.equal(await lab.ok(['volume', 'ls', '-qf', 'opt=o=bind']), 'bound');
  await lab.ok(['volume', 'rm', 'bound']);
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('options of other engines are accepted, unknown ones named', async () => {
  await lab.ok(['run', '--rm', '-v', 'z:/data:z', '-v', 'Z:/other:Z', image, 'true']);
  const { status, stderr } = await lab.berth(['run', '--rm', '-v', 'x:/data:bogus', image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /"bogus"/);
  await lab.ok(['volume', 'rm', '--all']);
});
