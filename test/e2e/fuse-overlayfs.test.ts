/**
 * Stores whose containers have root file systems served by the program fuse-overlayfs: chosen where
 * the kernel's overlay is refused, and by --storage-driver.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archiveOf } from '../lab/images.ts';
import { missing } from '../lab/probes.ts';
import { mountHome } from './fuse-home.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const NONE = ['--network', 'none'];
const IMAGE = 'localhost/layered:1';
const skip = missing.fuseOverlayfs || missing.subordinateIds;
let archive = '';

const LAYERS = [
  {
    '/a/gone': 'x', '/a/kept': 'kept\n', '/b/old': 'x', '/c/file': 'x', '/full/x': 'x',
    '/etc/passwd': 'root:x:0:0:::/bin/sh\nu:x:1000:1000:::/bin/sh\n',
    '/tool': { text: '#!', mode: 0o4755 },
  },
  { '/a/.wh.gone': '', '/b/.wh..wh..opq': '', '/b/new': 'new\n', '/.wh.c': '' },
];

/** Characters that mean something in options of mounts. */
const home = path.join(lab.folder, 'a:b, c\\d');
const env = { XDG_DATA_HOME: home };
const data = path.join(home, 'berth/v1');

const ok = async (...args: string[]): Promise<string> => lab.ok(args, { env });

before(async () => {
  ({ archive } = archiveOf({ name: IMAGE, layers: LAYERS }, lab.folder));
  if (skip === false) {
    await ok('--storage-driver', 'fuse-overlayfs', 'load', '-q', '-i', archive);
  }
});
lab.atEnd(async () => ok('rm', '-f', '-t', '0', '--all'));

/** A container of that name, running; answers its supervisor's pid. */
async function startHolding(name: string, ...flags: string[]): Promise<number> {
  await ok('run', '-d', '--name', name, ...NONE, ...flags, IMAGE, 'sleep', '1000');
  return Number(await ok('inspect', name, '--format', '{{.State.ConmonPid}}'));
}

/** The process that serves the files of a supervisor's container. */
function serverOf(supervisor: number): number {
  const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8');
  const found = children.split(' ').find((pid) => pid !== ''
    && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'fuse-overlayfs\n');
  assert.ok(found !== undefined, `children of ${supervisor}: ${children}`);
  return Number(found);
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (let left = 400; left > 0; left -= 1) {
    if (isTrue()) return;
    await sleep(50);
  }
  assert.fail(`not within 20 s: ${what}`);
}

function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

const SEEN = 'cat /a/kept /b/new; ls -A /a /b; test ! -e /c; stat -c %a /tool';
const EXPECTED = ['kept', 'new', '/a:', 'kept', '', '/b:', 'new', '4755'];

test('layers are merged, changes are the container\'s own and stay', { skip }, async () => {
  await startHolding('a');
  assert.deepEqual((await ok('exec', 'a', 'sh', '-c', SEEN)).split('\n'), EXPECTED);
  const change = `echo changed >/a/kept; rm /b/new /full/x; rmdir /full; mkdir /full
    echo x >/mine; chown 7:8 /mine; ln -s x /link; chown -h 5:6 /link; mv /mine /moved
    mkdir /d; mv /d /e; cp /bin/busybox /true; /true`;
  await ok('exec', 'a', 'sh', '-euc', change);
  const other = ['run', '--rm', ...NONE, IMAGE, 'ls', '/a/kept', '/b/new', '/full/x'];
  assert.equal(await ok(...other), '/a/kept\n/b/new\n/full/x');
  await ok('restart', '-t', '0', 'a');
  const see = 'cat /a/kept; ls -A /b /full; stat -c "%u:%g %F" /moved /link /e';
  assert.deepEqual((await ok('exec', 'a', 'sh', '-c', see)).split('\n'), [
    'changed', '/b:', '', '/full:', '7:8 regular file', '5:6 symbolic link', '0:0 directory',
  ]);
  await ok('export', '-o', path.join(lab.folder, 'a.tar'), 'a');
  const list = execFileSync('tar', ['--numeric-owner', '-tvf', path.join(lab.folder, 'a.tar')],
    { encoding: 'utf8' });
  assert.match(list, /^-\S+ 7\/8 .* moved$/m);
  assert.match(list, /^l\S+ 5\/6 .* link -> x$/m);
  assert.doesNotMatch(list, /\.wh\.| (a\/gone|b\/old|b\/new|c\/|full\/x)/m);
  const changes = (await ok('diff', 'a')).split('\n')
    .filter((line) => /^. \/(a|b|full)/.test(line));
  assert.deepEqual(changes, ['C /a', 'C /a/kept', 'C /b', 'D /b/new', 'C /full', 'D /full/x']);
  await ok('commit', '-q', 'a', 'localhost/changed:1');
  const committed = ['run', '--rm', ...NONE, 'localhost/changed:1', 'sh', '-c', see];
  assert.equal(await ok(...committed), await ok('exec', 'a', 'sh', '-c', see));
  const format = '{{.Driver}} {{.GraphDriver.Name}}';
  assert.equal(await ok('inspect', 'a', '--format', format), 'fuse-overlayfs fuse-overlayfs');
  await ok('rm', '-f', '-t', '0', 'a');
  await ok('system', 'check', '--repair');
  assert.deepEqual(['staging', 'trash', 'containers'].flatMap((folder) =>
    readdirSync(path.join(data, folder)).filter((entry) => entry !== 'names')), []);
});

test('a read-only root, new volumes and other ids are as with overlay', { skip }, async () => {
  const write = ['sh', '-c', 'echo x >/a/y || echo refused; echo y >/v/y; cat /v/kept /v/y'];
  const said = await ok('run', '--rm', '--read-only', ...NONE, '-v', 'filled:/a', '-v',
    'filled:/v', IMAGE, ...write);
  assert.deepEqual(said.split('\n'), ['kept', 'y']);
  const failed = await lab.berth(['run', '--rm', '--read-only', ...NONE, IMAGE, 'touch', '/x'],
    { env });
  assert.match(failed.stderr, /Read-only file system/);
  const kept = ['run', '--rm', ...NONE, '--userns', 'keep-id', IMAGE];
  const script = 'id -u; touch /tmp/n; stat -c %u:%g /tool /tmp/n; cat /a/kept';
  const ids = await lab.ok([...kept, 'sh', '-c', `mkdir -p /tmp; ${script}`], { env });
  assert.deepEqual(ids.split('\n'), [String(process.getuid?.()), '0:0',
    `${process.getuid?.()}:${process.getgid?.()}`, 'kept']);
  await ok('volume', 'rm', 'filled');
});

test('when the program dies so does its container, which can be started again and removed',
  { skip }, async () => {
    const supervisor = await startHolding('b');
    process.kill(serverOf(supervisor), 'SIGKILL');
    assert.equal(await ok('wait', 'b'), '137');
    assert.match(await ok('inspect', 'b', '--format', '{{.State.Error}}'),
      /^serve root by ".*\/fuse-overlayfs": it ended with status 137$/);
    await ok('start', 'b');
    assert.equal(await ok('exec', 'b', 'cat', '/a/kept'), 'kept');
    await ok('rm', '-f', '-t', '0', 'b');
  });

for (const [title, flags] of [['', []], [' with the host\'s pids', ['--pid', 'host']]] as const) {
  test(`whoever is killed${title}, no program is left`, { skip }, async () => {
    const supervisor = await startHolding('c', ...flags);
    const [server, init] = [serverOf(supervisor), await ok('inspect', 'c', '-f', '{{.State.Pid}}')];
    process.kill(supervisor, 'SIGKILL');
    await until('all have ended', () => [server, supervisor, Number(init)].every(isGone));
    await ok('start', 'c');
    const again = serverOf(Number(await ok('inspect', 'c', '-f', '{{.State.ConmonPid}}')));
    await ok('kill', 'c');
    await until('the program has ended', () => isGone(again));
    await ok('rm', '-f', 'c');
  });
}

test('a container sees nothing of the program but the mount', { skip }, async () => {
  const supervisor = await startHolding('d');
  assert.doesNotMatch(await ok('exec', 'd', 'ps', '-o', 'args'), /fuse-overlayfs/);
  assert.match(await ok('exec', 'd', 'cat', '/proc/mounts'),
    /^fuse-overlayfs \/ fuse rw,relatime,user_id=0,group_id=0,default_permissions,allow_other/);
  const init = await ok('inspect', 'd', '-f', '{{.State.Pid}}');
  const opened = readdirSync(`/proc/${init}/fd`);
  assert.deepEqual(opened.sort(), ['0', '1', '2']);
  const server = serverOf(supervisor);
  const reach = `for it in fd/0 root/etc mem environ exe; do
    (exec 3<"/proc/${server}/$it") 2>&1 && echo "reached $it"; done; ls /proc/${server}/fd`;
  const seen = await lab.berth(
    ['run', '--rm', ...NONE, '--pid', 'host', IMAGE, 'sh', '-c', reach], { env });
  assert.doesNotMatch(seen.stdout, /reached/);
  assert.match(seen.stdout + seen.stderr, /Permission denied/);
  await ok('rm', '-f', '-t', '0', 'd');
});

test('it is chosen for a home that refuses overlay, and doctor says what that costs',
  { skip: missing.fuse || skip }, async () => {
    const own = { env: { XDG_DATA_HOME: await mountHome(lab, 'mounted') } };
    const { stdout } = await lab.berth(['doctor', '-q'], own);
    assert.match(stdout, /^slower .*\(driver "fuse-overlayfs"\): mount overlay: /m);
    await lab.ok(['load', '-q', '-i', archive], own);
    const format = '{{.Store.GraphDriverName}} {{.Store.Owners}} {{.Host.ProcessMap}}';
    assert.equal(await lab.ok(['info', '--format', format], own), 'fuse-overlayfs xattr single');
    const give = 'chown 7:8 /a/kept; ln -s x /link; chown -h 5:6 /link; rm /b/new';
    await lab.ok(['run', '--name', 'e', ...NONE, IMAGE, 'sh', '-euc', `${SEEN}; ${give}`], own);
    await lab.ok(['export', '-o', path.join(lab.folder, 'e.tar'), 'e'], own);
    const list = execFileSync('tar', ['--numeric-owner', '-tvf', path.join(lab.folder, 'e.tar')],
      { encoding: 'utf8' });
    assert.match(list, /^-\S+ 7\/8 .* a\/kept$/m);
    assert.match(list, /^l\S+ 5\/6 .* link -> x$/m);
    assert.doesNotMatch(list, / b\/new/);
    await lab.ok(['rm', 'e'], own);
    await lab.ok(['system', 'check', '--repair'], own);
    // As the store is that was made before the program was installed.
    const file = path.join(own.env.XDG_DATA_HOME, 'berth/v1/driver.json');
    const record = { version: 1, driver: 'copy', owners: 'xattr', hadOneId: false, reason: 'x' };
    writeFileSync(file, JSON.stringify({ ...record, lacksProgram: true }));
    const seen = await lab.ok(['run', '--rm', ...NONE, IMAGE, 'sh', '-euc', SEEN], own);
    assert.deepEqual(seen.split('\n'), EXPECTED);
    assert.equal(await lab.ok(['info', '--format', format], own), 'fuse-overlayfs xattr single');
    writeFileSync(file, JSON.stringify(record));
    assert.equal(await lab.ok(['info', '--format', format], own), 'copy xattr single');
  });
