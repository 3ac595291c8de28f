/**
 * What a default container may do: never more than in Podman. System calls are tried one by one,
 * with Podman's own container beside it where that is installed.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from '../e2e/harness.ts';
import { missing } from '../lab/probes.ts';
import { PROBE, program } from './programs.ts';

const lab = openLab();
let image = '';
let probe = '';

before(async () => {
  image = await lab.image();
  probe = program(lab, 'probe', PROBE);
});

/** Newer calls are unknown to Podman 4.3, which refuses them for that alone. */
const LAST_KNOWN_TO_PODMAN = 442;
const EPERM = 1;
const ENOSYS = 38;

/** Numbers on x86-64 of what no container may call. */
const BLOCKED = new Map(Object.entries({
  add_key: 248, request_key: 249, acct: 163, bpf: 321, perf_event_open: 298,
  userfaultfd: 323, io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427,
  init_module: 175, finit_module: 313, delete_module: 176, kexec_load: 246, kexec_file_load: 320,
  open_by_handle_at: 304, reboot: 169, swapon: 167, swapoff: 168, settimeofday: 164,
  clock_settime: 227, iopl: 172, ioperm: 173, quotactl: 179, vhangup: 153, syslog: 103,
  move_pages: 279, quotactl_fd: 443,
}));

function resultsOf(text: string): Map<number, number> {
  return new Map(text.trim().split('\n').map((line) => {
    const [number = 0, error = 0] = line.split(' ').map(Number);
    return [number, error];
  }));
}

async function ours(...flags: string[]): Promise<Map<number, number>> {
  return resultsOf(await lab.ok(['run', '--rm', '--network', 'none', ...flags,
    '-v', `${probe}:/probe:ro`, image, '/probe']));
}

const isRefused = (error: number | undefined): boolean => error === EPERM || error === ENOSYS;

test('CVE-2022-0492: system calls that reach the kernel\'s inside are refused', {
  skip: process.arch === 'x64' ? false : 'the numbers are those of x86-64',
}, async () => {
  const results = await ours();
  for (const [name, number] of BLOCKED) {
    assert.ok(isRefused(results.get(number)), `${name} gives ${results.get(number)}`);
  }
});

test('no system call is refused by Podman\'s container and not by ours', {
  skip: missing.podman || (!existsSync('/sys/fs/cgroup/cgroup.controllers')
    && 'crun runs no container where cgroups are not v2 alone'),
}, async () => {
  const root = path.join(lab.folder, 'podman-root');
  for (const folder of ['bin', 'proc', 'sys', 'dev', 'etc', 'run', 'tmp']) {
    mkdirSync(path.join(root, folder), { recursive: true });
  }
  copyFileSync(probe, path.join(root, 'probe'));
  chmodSync(path.join(root, 'probe'), 0o755);
  // Podman takes no longer path for its run folder than 50 characters.
  const state = mkdtempSync('/tmp/podman-');
  const podman = (...args: string[]): string => execFileSync('podman', [
    '--root', `${state}/root`, '--runroot', `${state}/run`,
    '--cgroup-manager', 'cgroupfs', '--events-backend', 'none', ...args,
  ], {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...lab.environment, HOME: state, XDG_RUNTIME_DIR: state },
  });
  let said: string;
  try {
    said = podman('run', '--rm', '--network', 'none', '--cgroups', 'disabled', '--rootfs', root,
      '/probe');
  } finally {
    podman('unshare', 'rm', '-rf', `${state}/root`);
    // Ends the process that Podman leaves behind.
    podman('system', 'migrate');
    rmSync(state, { recursive: true, force: true });
  }
  const theirs = resultsOf(said);
  const results = await ours();
  const weaker = [...theirs].filter(([number, error]) =>
    number <= LAST_KNOWN_TO_PODMAN && isRefused(error) && !isRefused(results.get(number)));
  assert.deepEqual(weaker, []);
});

test('capabilities, files and mounts are not more than Podman\'s', async () => {
  const text = await lab.ok(['run', '--rm', '--network', 'none', image, 'sh', '-c',
    'grep -E "^(Cap|Seccomp:)" /proc/self/status; cat /proc/mounts']);
  assert.match(text, /CapEff:\t00000000800405fb/);
  assert.match(text, /CapBnd:\t00000000800405fb/);
  assert.match(text, /Seccomp:\t2/);
  assert.match(text, /^tmpfs \/dev tmpfs rw,nosuid,noexec/m);
  assert.match(text, / \/dev\/shm tmpfs rw,nosuid,nodev,noexec/);
  assert.match(text, / \/proc proc rw,nosuid,nodev,noexec/);
  assert.match(text, / \/sys sysfs ro,nosuid,nodev,noexec/);
  for (const masked of ['/proc/keys', '/proc/timer_list']) {
    assert.match(text, new RegExp(` ${masked} \\w+ ro,nosuid,noexec`));
  }
  for (const readOnly of ['bus', 'fs', 'irq', 'sys']) {
    assert.match(text, new RegExp(` /proc/${readOnly} proc ro`));
  }
});

test('/proc and /sys take no writes that reach the machine', async () => {
  const files = ['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/modprobe',
    '/proc/sysrq-trigger',
    '/proc/sys/vm/swappiness', '/proc/sys/fs/binfmt_misc/register', '/sys/kernel/uevent_helper',
    '/sys/fs/cgroup/release_agent', '/sys/power/state', '/proc/irq/default_smp_affinity'];
  const script = files.map((file) => `echo x 2>/dev/null >${file} && echo ${file}`).join('; ');
  const { stdout } = await lab.berth(
    ['run', '--rm', '--network', 'none', image, 'sh', '-c', `${script}; ls /dev; exit 0`]);
  const [devices, ...rest] = [stdout.trim().split('\n').join(' ')];
  assert.deepEqual(rest, []);
  assert.equal(devices,
    'core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero');
});

test('no device of the machine can be made or opened', async () => {
  const script = 'mknod /d b 8 0 2>/dev/null && echo made; '
    + 'mknod /dev/d c 1 1 2>/dev/null && echo made; exit 0';
  const { stdout } = await lab.berth(
    ['run', '--rm', '--network', 'none', '--cap-add', 'MKNOD', image, 'sh', '-c', script]);
  assert.equal(stdout, '');
});

test("a file given as standard input can't be written through /proc/self/fd/0", async () => {
  const given = path.join(lab.home, 'given');
  writeFileSync(given, 'mine\n');
  const { stdout } = await lab.inShell(`${lab.command.join(' ')} run --rm -i --network none `
    + `${image} sh -c 'echo evil >/proc/self/fd/0; head -n 1' <'${given}'`);
  assert.match(stdout, /mine/);
  assert.equal(readFileSync(given, 'utf8'), 'mine\n');
});

test("the modes of the caller's pipes stay as they are", async () => {
  // dd sets O_NONBLOCK of its standard output by fcntl(2).
  const { stdout } = await lab.inShell(`{ ${lab.command.join(' ')} run --rm --network none host `
    + 'dd oflag=nonblock </dev/null; grep flags /proc/self/fdinfo/1; } | cat');
  assert.match(stdout, /flags:\s+0+1\s/);
});

test('a folder given as standard input does not show the files of the host', async () => {
  for (const command of ['run --rm -i --network none', 'run --rm --network none']) {
    const { stdout } = await lab.inShell(`${lab.command.join(' ')} ${command} ${image} `
      + `sh -c 'ls /proc/self/fd/0/; echo ended' <'${lab.home}'`);
    assert.doesNotMatch(stdout, /given|\.local/);
    if (command.includes('-i')) assert.match(stdout, /use "stdin": folders and block devices/);
  }
});

test('descriptors that the runtime opened are never preserved', async () => {
  const { status, stderr } = await lab.berth(
    ['run', '--rm', '--network', 'none', '--preserve-fds', '9', image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /preserve descriptor/);
});

test('a profile refuses what it names, also by two conditions about one argument', async () => {
  const profile = path.join(lab.home, 'profile.json');
  const is = (value: number): object => ({ index: 1, op: 'SCMP_CMP_EQ', value });
  writeFileSync(profile, JSON.stringify({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['kill'], action: 'SCMP_ACT_ERRNO', args: [is(10), is(12)] }],
  }));
  const script = 'trap : 10 12; for signal in 10 12 18; do kill -$signal $$ && echo $signal; done';
  const run = ['run', '--rm', '--network', 'none', '--security-opt', `seccomp=${profile}`];
  assert.equal((await lab.berth([...run, image, 'sh', '-c', script])).stdout, '18\n');
  writeFileSync(profile, '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["kill"]}]}');
  const { status, stderr } = await lab.berth([...run, image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /^Error: read rule .* of the seccomp profile: it has no "action"$/m);
});
