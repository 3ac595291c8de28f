/**
 * What users wait for dozens of times a day stays short: how many system calls, files, processes
 * and syncs `version`, `ps`, `run` and `exec` take. Counts, since times say little on a machine
 * that does other things; bench/ measures times. A limit lies a little above what is needed today:
 * who comes near it has added something to every start of every container.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUILD, openLab } from './harness.ts';
import { execute } from './execute.ts';

const lab = openLab();
const skip = BUILD === 'node' ? 'the runtime of the fast build is counted' : false;
const CONTAINERS = 10;
/** Files that have changed in the last 100 ms are not relied on by what is kept. */
const SETTLED_MS = 150;
let image = '';

before(async () => {
  if (skip !== false) return;
  image = await lab.image();
  // Keeps the user namespace: under strace the set-id helpers that make one have no privilege.
  await lab.ok(['run', '-d', '--name', 'keeper', '--network', 'none', image, 'sleep', '1000']);
  await lab.ok(['run', '--rm', '--network', 'none', image, 'true']);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** The system calls of one command, those of its threads and children included. */
interface Trace {
  /** Lines of strace. */
  calls: readonly string[];
  /** How many programs were executed. */
  executions: number;
  /** Paths below the lab's folder that were opened, without the folder. */
  opened: readonly string[];
}

let traces = 0;

async function trace(...args: string[]): Promise<Trace> {
  const file = path.join(lab.folder, `trace-${traces += 1}`);
  const strace = ['strace', '-f', '-qq', '-s', '300', '-o', file];
  const { status, stderr } = await execute([...strace, ...lab.command, ...args], {
    env: lab.environment, cwd: lab.home,
  });
  assert.equal(status, 0, stderr);
  const calls = readFileSync(file, 'latin1').split('\n').map((line) => line.replace(/^\d+ +/, ''))
    .filter((line) => /^\w+\(/.test(line));
  const found = (pattern: RegExp): string[] =>
    calls.flatMap((call) => pattern.exec(call)?.[1] ?? []);
  return {
    calls,
    executions: calls.filter((call) => /^execve(at)?\((?!.*ENOENT)/.test(call)).length,
    opened: found(/^openat2?\([^"]*"([^"]*)"/).filter((name) => name.startsWith(lab.folder))
      .map((name) => name.slice(lab.folder.length)),
  };
}

/** The memory allocator and the garbage collector make calls that depend on the moment. */
const OF_RUNTIME = /^(futex|madvise|mmap|munmap|mprotect|brk|sched_\w+|rt_sig\w+|getrandom)\(/;

const counted = ({ calls }: Trace): number =>
  calls.filter((call) => !OF_RUNTIME.test(call)).length;

const syncs = ({ calls }: Trace): string[] =>
  calls.filter((call) => /^(fsync|fdatasync|sync|syncfs|msync)\(/.test(call));

const processes = ({ calls }: Trace): number =>
  calls.filter((call) => /^(clone3?|v?fork)\(/.test(call) && !call.includes('CLONE_THREAD')).length;

function atMost(what: string, count: number, limit: number): void {
  assert.ok(count <= limit, `${what}: ${count}, at most ${limit}`);
}

test('version reads nothing of the store and starts nothing', { skip }, async () => {
  const version = await trace('version');
  assert.deepEqual(version.opened, []);
  assert.equal(version.executions, 1);
  assert.equal(processes(version), 0);
  atMost('system calls', counted(version), 150);
});

test('run waits for no disk and starts only what stays or is the container', { skip }, async () => {
  // Without a value: no such run is kept.
  const plain = ['--rm', '--network', 'none', '-e', 'NOTHING', image, '/bin/true'];
  const run = await trace('container', 'run', ...plain);
  assert.deepEqual(syncs(run), []);
  // berth, the client that it becomes, the supervisor, the container.
  assert.equal(run.executions, 4);
  // The one that enters the user namespace, the supervisor, the container.
  atMost('processes', processes(run), 3);
  atMost('system calls', counted(run), 1135);
  // With the record of each layer, which says under which ids it was unpacked.
  atMost('files of the store', run.opened.length, 30);
});

test('run again starts no runtime, and reads what is kept and the plan', { skip }, async () => {
  await sleep(SETTLED_MS);
  await lab.ok(['run', '--rm', '--network', 'none', image, '/bin/true']);
  const run = await trace('run', '--rm', '--network', 'none', image, '/bin/true');
  assert.deepEqual(syncs(run), []);
  // berth, the helper that becomes the client, the supervisor, the container.
  assert.equal(run.executions, 4);
  atMost('processes', processes(run), 3);
  atMost('system calls', counted(run), 940);
  atMost('files of the store', run.opened.length, 25);
});

/** What holds while the namespaces are the same, and what is the command's own. */
const OWN = /^\/proc\/(self\/(uid_map|mountinfo|exe|fd\/\d+)|kcore|\d+\/(stat|limits))$/;

/** Files of the machine that the JavaScript of a command looks at. */
function lookedAt({ calls }: Trace): Set<string> {
  const end = calls.findIndex((call) => /^execve\("[^"]*berth-native"/.test(call));
  const look = /^(?:open(?:at)?|statx|newfstatat|l?stat|readlink|f?access\w*)\([^"]*"(\/[^"]*)"/;
  const paths = calls.slice(0, end < 0 ? undefined : end)
    .flatMap((call) => look.exec(call)?.[1] ?? []);
  const own = [lab.folder, path.dirname(lab.command.at(-1) ?? '')];
  return new Set(paths.filter((file) => !own.some((folder) => file.startsWith(folder))));
}

test('run looks at nothing of the machine that is not compared when it is done again',
  { skip }, async () => {
    await sleep(SETTLED_MS);
    const words = ['--rm', image, '/bin/true'];
    await lab.ok(['run', ...words]);
    const folder = path.join(lab.runtime, 'berth/kept-runs');
    const facts = readdirSync(folder).flatMap((name) =>
      readFileSync(path.join(folder, name), 'latin1').split('\0'));
    const known = new Set([...facts, ...lookedAt(await trace('version'))]);
    const looked = [...lookedAt(await trace('container', 'run', ...words))];
    assert.ok(looked.includes('/etc/resolv.conf') && looked.includes('/etc/subuid'));
    assert.deepEqual(looked.filter((file) => !known.has(file) && !OWN.test(file)), []);
  });

test('exec starts two processes and reads four files of the container', { skip }, async () => {
  const exec = await trace('container', 'exec', 'keeper', '/bin/true');
  assert.deepEqual(syncs(exec), []);
  assert.equal(exec.executions, 2);
  atMost('processes of the caller', processes(exec), 0);
  atMost('system calls', counted(exec), 300);
  // With the plan that is kept for the next one.
  atMost('files of the store', exec.opened.length, 9);
});

test('exec again starts no runtime and reads the plan that is kept', { skip }, async () => {
  await lab.ok(['exec', 'keeper', '/bin/true']);
  const exec = await trace('exec', 'keeper', '/bin/true');
  assert.equal(exec.executions, 2);
  assert.equal(exec.opened.length, 2);
  atMost('processes of the caller', processes(exec), 0);
  atMost('system calls', counted(exec), 150);
});

test('of other containers ps reads one file each, and exec nothing', { skip }, async () => {
  const exec = ['container', 'exec', 'keeper', '/bin/true'];
  const alone = { ps: await trace('ps', '-a'), exec: await trace(...exec) };
  for (let number = 0; number < CONTAINERS; number += 1) {
    await lab.ok(['create', '--network', 'none', image, 'true']);
  }
  const crowded = { ps: await trace('ps', '-a'), exec: await trace(...exec) };
  assert.equal(crowded.ps.opened.length - alone.ps.opened.length, CONTAINERS);
  assert.equal(crowded.ps.executions, 1);
  assert.equal(processes(crowded.ps), 0);
  const more = counted(crowded.ps) - counted(alone.ps);
  atMost('system calls of ps for one more container', more / CONTAINERS, 5);
  atMost('system calls of exec for others', counted(crowded.exec) - counted(alone.exec), 20);
});

/** The mount namespaces that a process keeps, besides its own. */
function heldMounts(pid: string): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).map((fd) => readlinkSync(path.join(folder, fd)))
    .filter((target) => target.startsWith('mnt:'));
}

test('the end of a container waits for no disk, but its supervisor may', { skip }, async () => {
  const flags = ['--network', 'none'];
  await lab.ok(['run', '-d', '--name', 'kept', ...flags, image, 'sleep', '1000']);
  await lab.ok(['run', '-d', '--rm', '--name', 'thrown', ...flags, image, 'sleep', '1000']);
  const format = '{{.State.ConmonPid}} {{.State.Pid}}';
  const pids = await lab.ok(['inspect', '--format', format, 'kept', 'thrown']);
  const [kept = [], thrown = []] = pids.split('\n').map((line) => line.split(' '));
  assert.deepEqual(heldMounts(kept[0] ?? ''), [readlinkSync(`/proc/${kept[1] ?? ''}/ns/mnt`)]);
  assert.deepEqual(heldMounts(thrown[0] ?? ''), [], 'its overlay is volatile');
  // The supervisor of the last run lets go of the overlay beside the next run.
  for (const name of ['one', 'two', 'three']) {
    await lab.ok(['stop', '-t', '0', 'kept']);
    assert.equal(await lab.ok(['inspect', '--format', '{{.State.Status}}', 'kept']), 'exited');
    await lab.ok(['start', 'kept']);
    await lab.ok(['exec', 'kept', 'sh', '-c', `echo ${name} >>/names`]);
  }
  assert.equal(await lab.ok(['exec', 'kept', 'cat', '/names']), 'one\ntwo\nthree');
});

/** Memory that a process has mapped, shared or not. */
function residentKib(pid: string): number {
  const status = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Rss:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN);
}

test('a supervisor that only waits gives back what it took to start', { skip }, async () => {
  const pid = (await lab.ok(['inspect', '--format', '{{.State.ConmonPid}}', 'keeper'])).trim();
  const limit = Date.now() + 10_000;
  while (residentKib(pid) > 300 && Date.now() < limit) await sleep(100);
  atMost('KiB', residentKib(pid), 300);
  assert.equal((await lab.ok(['exec', 'keeper', 'echo', 'awake'])).trim(), 'awake');
});
