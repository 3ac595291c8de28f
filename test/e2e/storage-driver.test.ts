/**
 * Stores on file systems that refuse overlay: a FUSE file system stands for homes on a network or
 * encrypted. Containers are copies there; owners that can't be are recorded. fuse-overlayfs has
 * a file of its own.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync, readdirSync, statSync, symlinkSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { archiveOf } from '../lab/images.ts';
import { missing } from '../lab/probes.ts';
import { mountHome } from './fuse-home.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const NONE = ['--network', 'none'];
const IMAGE = 'localhost/layered:1';
let archive = '';

/** Lower files that an upper layer hides, replaces and keeps. */
const LAYERS = [
  {
    '/a/gone': 'x', '/a/kept': 'kept\n', '/b/old': 'x', '/c/file': 'x',
    '/tool': { text: '#!', mode: 0o4755 },
  },
  { '/a/.wh.gone': '', '/b/.wh..wh..opq': '', '/b/new': 'new\n', '/.wh.c': '' },
];

before(() => {
  ({ archive } = archiveOf({ name: IMAGE, layers: LAYERS }, lab.folder));
});

/** The commands on one store, chosen as a user would. */
function storeIn(home: string) {
  const env = { XDG_DATA_HOME: home };
  lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all'], { env }));
  const data = path.join(home, 'berth/v1');
  return {
    data,
    ok: async (...args: string[]) => lab.ok(args, { env }),
    berth: async (...args: string[]) => lab.berth(args, { env }),
    left: () => ['staging', 'trash', 'containers'].flatMap((folder) =>
      readdirSync(path.join(data, folder)).filter((entry) => entry !== 'names')),
  };
}

const SEEN = `cat /a/kept /b/new; ls -A /a /b; test ! -e /c; stat -c %a /tool`;
const EXPECTED = ['kept', 'new', '/a:', 'kept', '', '/b:', 'new', '4755'];

test('on a home that refuses overlay containers are copies', { skip: missing.fuse }, async () => {
  const store = storeIn(await mountHome(lab, 'fuse'));
  await store.ok('--storage-driver', 'copy', 'load', '-q', '-i', archive);
  await store.ok('run', '-d', ...NONE, '--name', 'a', IMAGE, 'sleep', '1000');
  assert.deepEqual((await store.ok('exec', 'a', 'sh', '-c', SEEN)).split('\n'), EXPECTED);
  await store.ok('exec', 'a', 'sh', '-c', 'echo changed >/a/kept; chown 7:8 /tool; rm /b/new');
  assert.equal(await store.ok('run', '--rm', ...NONE, IMAGE, 'cat', '/a/kept'), 'kept');
  await store.ok('restart', '-t', '0', 'a');
  assert.equal(await store.ok('exec', 'a', 'cat', '/a/kept'), 'changed');
  const format = '{{.Store.GraphDriverName}} {{.Store.Owners}} {{.Host.ProcessMap}}';
  assert.equal(await store.ok('info', '--format', format), 'copy xattr single');
  await store.ok('rm', '-f', '-t', '0', 'a');
  await store.ok('system', 'check', '--repair');
  assert.deepEqual(store.left(), []);
});

test('without attributes layers and containers are the same', { skip: missing.fuse }, async () => {
  const store = storeIn(await mountHome(lab, 'bare', '--xattr-none'));
  await store.ok('load', '-q', '-i', archive);
  const seen = await store.ok('run', '--rm', ...NONE, IMAGE, 'sh', '-c', SEEN);
  assert.deepEqual(seen.split('\n'), EXPECTED);
  assert.equal(await store.ok('info', '--format', '{{.Store.Owners}}'), 'ledger');
  await store.ok('system', 'check');
});

/** The busybox image as a tree, and files of uid 6. */
async function importOwned(store: ReturnType<typeof storeIn>): Promise<void> {
  const tree = path.join(lab.folder, 'tree.tar');
  await store.ok('load', '-q', '-i', archive);
  await store.ok('create', '--name', 'c', IMAGE);
  await store.ok('export', '-o', tree, 'c');
  await store.ok('rm', 'c');
  writeFileSync(path.join(lab.folder, 'file'), 'x');
  for (const name of ['kept', 'replaced', 'rooted']) {
    execFileSync('tar', ['-C', lab.folder, '--owner=6', '--group=12', '-rf', tree,
      `--transform=s,file,${name},`, 'file']);
  }
  symlinkSync('kept', path.join(lab.folder, 'link'));
  execFileSync('tar', ['-C', lab.folder, '--owner=6', '--group=12', '-rf', tree, 'link']);
  await store.ok('import', '-q', tree, 'localhost/owned:1');
}

test('without attributes the ledger and the recipes know who files belong to',
  { skip: missing.fuse }, async () => {
    const store = storeIn(await mountHome(lab, 'ledger', '--xattr-none'));
    await importOwned(store);
    const changes = `rm /replaced; echo y >/replaced; chown 0:0 /rooted
      echo >/a/new; chown 7:8 /a/new; mv /a/new /a/moved; ln -s x /a/link; chown -h 3:4 /a/link`;
    await store.ok('run', ...NONE, '--name', 'c', 'localhost/owned:1', 'sh', '-euc', changes);
    const exported = path.join(lab.folder, 'changed.tar');
    await store.ok('export', '-o', exported, 'c');
    const list = execFileSync('tar', ['--numeric-owner', '-tvf', exported], { encoding: 'utf8' });
    const owners = Object.fromEntries(list.trim().split('\n').map((line) => line.split(/ +/))
      .map(([, owner, , , , name]) => [name, owner]));
    assert.deepEqual(
      ['kept', 'link', 'replaced', 'rooted', 'a/moved', 'a/link', 'a/kept']
        .map((name) => owners[name]),
      ['6/12', '6/12', '0/0', '0/0', '7/8', '3/4', '0/0'],
    );
  });

test('doctor says why, what it costs and what is better', { skip: missing.fuse }, async () => {
  const home = await mountHome(lab, 'judged', '--xattr-none');
  const { stdout } = await lab.berth(['doctor', '-q'], { env: { XDG_DATA_HOME: home } });
  assert.match(stdout, /^slower .* copies of their images \(driver "copy"\): mount overlay: /m);
  assert.match(stdout, /^ +you: export XDG_DATA_HOME=\/var\/tmp\//m);
  if (missing.subordinateIds === false) {
    assert.match(stdout, /^weaker .* is on fuse, where your files can't belong to your other ids/m);
  }
  assert.deepEqual(readdirSync(home), []);
});

test("overlay is refused by name where it can't be", { skip: missing.fuse }, async () => {
  const store = storeIn(await mountHome(lab, 'refusing'));
  const { status, stderr } =
    await store.berth('--storage-driver', 'overlay', 'load', '-q', '-i', archive);
  assert.equal(status, 125);
  assert.match(stderr, /^Error: use storage driver "overlay": mount overlay: /m);
  assert.ok(!existsSync(path.join(store.data, 'driver.json')));
});

test('a driver is chosen once, and another one is refused from then on', async () => {
  const store = storeIn(path.join(lab.folder, 'copies'));
  await store.ok('--storage-driver', 'vfs', 'load', '-q', '-i', archive);
  const chosen = statSync(path.join(store.data, 'driver.json'));
  assert.equal(await store.ok('info', '--format', '{{.Store.GraphDriverName}}'), 'copy');
  await store.ok('run', '--rm', ...NONE, IMAGE, 'true');
  await store.ok('--storage-driver', 'copy', 'run', '--rm', ...NONE, IMAGE, 'true');
  assert.equal(statSync(path.join(store.data, 'driver.json')).ino, chosen.ino);
  const { status, stderr } =
    await store.berth('--storage-driver', 'overlay', 'run', '--rm', ...NONE, IMAGE, 'true');
  assert.equal(status, 125);
  assert.match(stderr, /use storage driver "overlay" in ".*": that store has "copy" \(chosen by/);
  const unknown = await store.berth('--storage-driver', 'zfs', 'run', '--rm', IMAGE, 'true');
  assert.match(unknown.stderr, /driver "zfs": only "overlay", "fuse-overlayfs", "copy" are there/);
});

test('on a disk with true owners a copy has them, and what it shows is what is exported',
  { skip: missing.subordinateIds }, async () => {
    const store = storeIn(path.join(lab.folder, 'owned'));
    await store.ok('--storage-driver', 'copy', 'load', '-q', '-i', archive);
    const give = 'echo >/mine; chown 7:8 /mine';
    await store.ok('run', ...NONE, '--name', 'a', IMAGE, 'sh', '-c', give);
    await store.ok('export', '-o', path.join(lab.folder, 'a.tar'), 'a');
    await store.ok('import', '-q', path.join(lab.folder, 'a.tar'), 'localhost/flat:1');
    const stat = ['stat', '-c', '%u:%g %a', '/mine', '/tool', '/a/kept'];
    const said = await store.ok('run', '--rm', ...NONE, 'localhost/flat:1', ...stat);
    assert.deepEqual(said.split('\n'), ['7:8 644', '0:0 4755', '0:0 644']);
    const seen = await store.ok('run', '--rm', ...NONE, 'localhost/flat:1', 'sh', '-c', SEEN);
    assert.deepEqual(seen.split('\n'), EXPECTED);
    const kept = ['run', '--rm', ...NONE, '--userns', 'keep-id', 'localhost/flat:1'];
    assert.equal(await store.ok(...kept, 'stat', '-c', '%u:%g', '/mine'), '7:8');
    assert.equal(await store.ok(...kept, 'id', '-u'), String(process.getuid?.()));
    await store.ok('system', 'check');
  });
