/**
 * One home, two places: another pid namespace of the machine (a toolbox, a CI job), and another
 * machine (a home on a server). What runs in one is nobody's to end, to start or to remove in the
 * other, which says where it runs.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute, start, type Result, type Started } from './execute.ts';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => { image = await lab.image(); });
const root = path.join(lab.home, 'root');
mkdirSync(path.join(root, 'bin'), { recursive: true });
copyFileSync('/bin/busybox', path.join(root, 'bin/busybox'));
for (const name of ['sh', 'sleep', 'true']) symlinkSync('busybox', path.join(root, 'bin', name));
afterEach(async () => {
  await lab.ok(['rm', '-f', '-t', '0', 'c', 'guest']);
  await lab.ok(['volume', 'rm', '-f', 'v']);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const UNSHARE = [
  'unshare', '--user', '--map-current-user', '--keep-caps', '--mount', '--uts', '--pid', '--fork',
  '--kill-child', '--mount-proc', 'sh', '-c',
];
const PLAIN = 'exec setpriv --inh-caps=-all --ambient-caps=-all -- "$@"';
const bootId = path.join(lab.home, 'boot-id');
const runtime = path.join(lab.home, 'runtime-there');
mkdirSync(runtime, { mode: 0o700 });
writeFileSync(bootId, '00000000-0000-4000-8000-000000000000\n');

/** How a command is run in each of the places. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  'another pid namespace': [...UNSHARE, PLAIN],
  'another machine': [...UNSHARE, 'hostname there; ' +
    `mount --bind ${bootId} /proc/sys/kernel/random/boot_id; export XDG_RUNTIME_DIR=${runtime}; ` +
    PLAIN],
};

function wordsIn(place: string, args: readonly string[]): string[] {
  return [...(PLACES[place] ?? []), 'sh', ...lab.command, ...args];
}

async function berthIn(place: string, args: readonly string[]): Promise<Result> {
  return execute(wordsIn(place, args), { env: lab.environment, cwd: lab.home });
}

/** Both outputs arrive in `stdout`. */
function startIn(place: string, args: readonly string[]): Started {
  const words = ['sh', '-c', 'exec "$@" 2>&1', 'sh', ...wordsIn(place, args)];
  return start(words, { env: lab.environment, cwd: lab.home });
}

/** The container `c` runs here, with the volume `v`. */
async function runs(): Promise<void> {
  const run = ['run', '-d', '--network', 'none', '--name', 'c', '-v', 'v:/data', image];
  await lab.ok([...run, 'sh', '-c', 'echo said; exec sleep 1000']);
}

/**
 * What would end, start or remove it, with `IMAGE` for the image. The places have fewer ids, so
 * only a root file system of their own runs there.
 */
const REFUSED = [
  ['start', 'c'], ['stop', 'c'], ['rm', 'c'], ['rm', '-fa'], ['rmi', '-f', 'IMAGE'],
  ['volume', 'rm', '-f', 'v'], ['system', 'reset', '-f'],
  ['run', '--replace', '--name', 'c', '--rootfs', root, 'true'],
];

/** What needs its processes. */
const OUT_OF_REACH = [
  ['exec', 'c', 'true'], ['attach', 'c'], ['top', 'c'], ['kill', 'c'], ['pause', 'c'],
  ['run', '--rm', '--network', 'container:c', '--rootfs', root, 'true'],
];

async function assertRefused(place: string, commands: readonly (readonly string[])[]) {
  for (const args of commands) {
    const words = args.map((word) => (word === 'IMAGE' ? image : word));
    const { status, stderr } = await berthIn(place, words);
    assert.equal(status, 125, words.join(' '));
    assert.match(stderr, /container "c": it runs elsewhere \(.+\)\nhint: use berth there/);
  }
  assert.equal(await lab.ok(['exec', 'c', 'echo', 'alive']), 'alive');
}

for (const place of Object.keys(PLACES)) {
  test(`${place}: what runs here is listed, and stays`, async () => {
    await runs();
    assert.match((await berthIn(place, ['ps', '-a'])).stdout, /Elsewhere \(.*\) +c$/m);
    assert.equal((await berthIn(place, ['logs', 'c'])).stdout, 'said\n');
    for (const args of [['system', 'prune', '-af', '--volumes'], ['image', 'prune', '-af'],
      ['system', 'check', '--repair', '--force']]) {
      const { status, stderr } = await berthIn(place, args);
      assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
    }
    assert.equal(await lab.ok(['exec', 'c', 'ls', '-d', '/data']), '/data');
    assert.equal(await lab.ok(['volume', 'ls', '-q']), 'v');
  });

  test(`${place}: nobody ends or removes it, even with force`, async () => {
    await runs();
    await assertRefused(place, REFUSED);
  });
}

test('whoever needs its processes hears where they are', async () => {
  await runs();
  await assertRefused('another pid namespace', OUT_OF_REACH);
});

test('commit --pause of it says that it is not paused', async () => {
  await runs();
  // Places that this test makes have fewer ids, so that no image comes of it here.
  const { stderr } = await berthIn('another machine', ['commit', '-p', 'c', 'made']);
  assert.match(stderr, /^Warning: container \w{12} runs elsewhere \(.+\): from here it can't be /m);
  const unasked = await berthIn('another machine', ['commit', 'c', 'made']);
  assert.doesNotMatch(unasked.stderr, /^Warning: container/m);
});

test('wait and logs --follow last until its end', async () => {
  await runs();
  const waiting = startIn('another machine', ['wait', 'c']);
  const following = startIn('another machine', ['logs', '-f', 'c']);
  await waiting.seen(/runs elsewhere \(/);
  await following.seen(/said/);
  await lab.ok(['kill', 'c']);
  const [waited, followed] = await Promise.all([waiting.finished, following.finished]);
  assert.match(waited.stdout, /^137$/m);
  assert.equal(followed.status, 0);
});

test('rm --force of what lives in a pid namespace that is not seen refuses', async () => {
  await runs();
  const { status, stderr } = await berthIn('another pid namespace', ['rm', '-f', 'c']);
  assert.equal(status, 125);
  assert.match(stderr, /another pid namespace \(.+\), whose processes are not seen from here/);
  assert.equal(await lab.ok(['exec', 'c', 'echo', 'alive']), 'alive');
});

test('rm --force of what runs on another machine believes its user', async () => {
  await runs();
  const supervisor = Number(await lab.ok(['inspect', '-f', '{{.State.ConmonPid}}', 'c']));
  process.kill(supervisor, 'SIGKILL');
  assert.equal((await berthIn('another machine', ['rm', '-f', 'c'])).status, 0);
  assert.equal(await lab.ok(['ps', '-aq']), '');
  // Its socket is in a folder of this machine, where a collection finds that it is nobody's.
  await lab.ok(['system', 'prune', '-f']);
});

/** A container of that place runs; what `act` says about it is looked at from here. */
async function withGuest(act: (guest: Started) => Promise<void>): Promise<void> {
  const run = ['run', '--name', 'guest', '--network', 'none', '--rootfs', root, 'sh', '-c'];
  const guest = startIn('another pid namespace', [...run, 'echo up; exec sleep 1000']);
  await guest.seen(/up/);
  await act(guest);
  await guest.finished.catch(() => undefined);
}

async function statusOfGuest(): Promise<string> {
  return lab.ok(['ps', '-a', '--filter', 'name=guest', '--format', '{{.Status}}']);
}

test('what runs in a pid namespace below this one is ended by rm --force', async () => {
  await withGuest(async () => {
    assert.match(await statusOfGuest(), /^Elsewhere/);
    assert.notEqual((await lab.berth(['rm', '-fa'])).status, 0);
    await lab.ok(['rm', '-f', 'guest']);
  });
  assert.equal(await lab.ok(['ps', '-aq']), '');
});

test('with its pid namespace a container has ended, and is like any other', async () => {
  await withGuest(async (guest) => { guest.child.kill('SIGKILL'); });
  for (let left = 200; !/^Exited/.test(await statusOfGuest()) && left > 0; left--) await sleep(50);
  assert.match(await statusOfGuest(), /^Exited/);
  await lab.ok(['rm', 'guest']);
  // A start clears away what is left of those that kept its user namespace.
  await lab.ok(['run', '--rm', '--network', 'none', image, 'true']);
});
