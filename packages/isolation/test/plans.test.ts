/**
 * The plans that this package writes, whole, against native/test/plans: the files that the C half's
 * tests and fuzzer read. UPDATE_GOLDEN=1 writes them anew.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { ProcessSpec, RuntimeSpec } from '@berth/oci';
import {
  containerPlan, execPlan, planRecord, PlanWriter, type ProcessExtras, type SupervisorSettings,
} from '../src/index.ts';

const PLANS = join(import.meta.dirname, '../../../native/test/plans');

function check(name: string, plan: Buffer): void {
  const file = join(PLANS, `${name}.plan`);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(PLANS, { recursive: true });
    writeFileSync(file, plan);
  }
  const lines = (bytes: Buffer): string[] => bytes.toString('utf8').split('\0');
  assert.deepEqual(lines(plan), lines(readFileSync(file)));
}

const EXTRAS: ProcessExtras = {
  user: 'user:staff',
  groupAdd: ['audio', '50'],
  createWorkingDirectory: true,
  seccomp: '060000000000ff7f',
  emulation: Buffer.from('060000000000c07f', 'hex'),
  hasOneId: true,
  personality: 8,
  preserveDescriptors: 2,
  terminalSize: { rows: 24, columns: 80 },
};

const CAPABILITIES = ['CAP_CHOWN', 'CAP_SETUID', 'CAP_CHECKPOINT_RESTORE'];

const PROCESS: ProcessSpec = {
  terminal: true,
  user: { uid: 0, gid: 0, umask: 0o27 },
  args: ['sh', '-c', '', 'a\nb'],
  env: ['PATH=/bin', 'EMPTY=', 'UNICODE=ß'],
  cwd: '/work',
  capabilities: {
    bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES,
    inheritable: [], ambient: [],
  },
  rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: -1 }],
  noNewPrivileges: true,
  oomScoreAdj: -5,
};

const SPEC: RuntimeSpec = {
  ociVersion: '1.1.0',
  process: PROCESS,
  root: { path: 'rootfs', readonly: true },
  hostname: 'box',
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['size=1000'] },
    { destination: '/data', type: 'bind', source: '/a,b:c', options: ['rbind', 'ro', 'rslave'] },
    { destination: '/run', type: 'tmpfs', source: 'tmpfs', options: ['nodev', 'size=1m'] },
    { destination: '/dev/extra', type: 'bind', source: '/tmp/x', options: ['bind'] },
    { destination: '/over', type: 'bind', source: '/low', options: ['rbind', 'O', 'nodev'] },
    { destination: '/mine', type: 'bind', source: '/own', options: ['rbind', 'U'] },
  ],
  linux: {
    namespaces: [],
    sysctl: { 'net.ipv4.ip_forward': '1' },
    maskedPaths: ['/proc/kcore'],
    readonlyPaths: ['/proc/sys'],
    devices: [{ path: '/dev/fuse', source: '/dev/fuse' } as never],
  },
};

const SETTINGS: SupervisorSettings = {
  id: 'c0ffee',
  stateDirectory: '/data/containers/c0ffee',
  runDirectory: '/run/containers/c0ffee',
  keepersDirectory: '/run/userns/key',
  summary: 'name box\nimage test\n',
  idMaps: {
    tier: 'full',
    uids: [{ inside: 0, outside: 1000, count: 1 }, { inside: 1, outside: 100000, count: 65536 }],
    gids: [{ inside: 0, outside: 1000, count: 1 }],
    helpers: { newuidmap: '/usr/bin/newuidmap', newgidmap: '/usr/bin/newgidmap' },
  },
  stdio: 'terminal',
  stdinOpen: true,
  log: { driver: 'k8s-file', path: '/data/log', maxSizeBytes: 1000, maxFiles: 3 },
  timeoutSeconds: 60,
  stopSignal: 15,
  pidFile: '/run/pid',
  init: true,
  cgroup: {
    kind: 'directory', path: '/sys/fs/cgroup/x', writes: [{ file: 'pids.max', value: '100' }],
  },
  networkHelper: ['pasta', '--config-net', '@NETNS@'],
  hostPorts: [{ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080 }],
  udpRelays: [{ hostAddress: '::1', hostPort: 5300, containerPort: 53 }],
  namespaces: {
    pid: { from: 'new' },
    ipc: { from: 'process', pid: 77, startTime: '12345678901234567890' },
    uts: { from: 'host' },
    net: { from: 'path', path: '/run/netns/x' },
    cgroup: { from: 'new' },
    mount: { from: 'new' },
  },
  root: {
    kind: 'overlay', upper: '/c/upper', work: '/c/work', lowers: ['/l/2/fs', '/l/1/fs'],
    isVolatile: true,
    fuseOverlayfs: '/usr/bin/fuse-overlayfs',
  },
  symlinks: [{ path: '/etc/mtab', content: '/proc/mounts' }],
  imageLayers: {},
  copyUps: [{ target: '/data', data: '/volumes/v/_data', isOwned: false }],
  process: EXTRAS,
  exitSteps: [
    { step: 'rename', from: '/c', to: '/trash/c' },
    { step: 'remove', path: '/trash/c' },
    { step: 'release', path: '/names/box', id: 'a0' },
    { step: 'volume', from: '/volumes/v', to: '/trash/v' },
  ],
};

test('containerPlan() says everything that a container can have', () => {
  check('container', containerPlan(SPEC, SETTINGS));
});

test('containerPlan() leaves out what a small container does not have', () => {
  const spec: RuntimeSpec = {
    ociVersion: '1.1.0',
    process: { user: { uid: 0, gid: 0 }, args: ['true'], env: [], cwd: '/' },
    root: { path: '/root' },
    mounts: [],
    linux: { namespaces: [] },
  };
  check('small', containerPlan(spec, {
    ...SETTINGS,
    idMaps: { ...SETTINGS.idMaps, helpers: undefined },
    stdio: 'handed', pidFile: undefined, init: false, cgroup: { kind: 'none', reason: undefined },
    networkHelper: undefined, root: { kind: 'folder', path: '/root' }, symlinks: [],
    copyUps: [], imageLayers: {}, exitSteps: [],
    process: {
      user: '', groupAdd: [], createWorkingDirectory: false, seccomp: undefined,
      emulation: undefined, hasOneId: false, preserveDescriptors: 0,
      terminalSize: { rows: 0, columns: 0 },
    },
  }));
});

test('execPlan() says everything that a process can have', () => {
  check('exec', execPlan({
    process: PROCESS, extras: EXTRAS, stdio: 'terminal', stdinOpen: false, detach: true,
  }));
});

test('no plan carries a NUL, nor more than the helper reads', () => {
  assert.throws(() => new PlanWriter().add('args', 'a\0b'), /NUL/);
  const large = new PlanWriter().add('args', 'x'.repeat(8 * 1024 * 1024));
  assert.throws(() => large.bytes(), /more than/);
  const many = new PlanWriter().add('env', ...Array.from({ length: 65_536 }, () => ''));
  assert.throws(() => many.bytes(), /strings/);
});

test('planRecord() finds a record, and not an argument that looks like one', () => {
  const plan = new PlanWriter()
    .add('args', 'seccomp 1', 'ffff').add('home-default').add('seccomp', '06').bytes();
  assert.deepEqual(planRecord(plan, 'seccomp'), ['06']);
  assert.deepEqual(planRecord(plan, 'home-default'), []);
  assert.equal(planRecord(plan, 'umask'), undefined);
  assert.equal(planRecord(plan.subarray(0, 20), 'seccomp'), undefined);
});
