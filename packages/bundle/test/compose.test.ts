/**
 * compose() as whole documents: test/golden/NAME.json is the runtime spec of a request. With
 * UPDATE_GOLDEN=1 they are written anew; read the difference before you keep it.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { UsageError } from '@berth/errors';
import { parseImageConfig } from '@berth/oci';
import { compose, type ContainerRequest, type HostFacts } from '../src/index.ts';

const IMAGE = parseImageConfig(
  Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {
        Env: ['PATH=/opt/bin:/bin', 'FOO=image'],
        Entrypoint: ['/entry'],
        Cmd: ['default', 'command'],
        WorkingDir: 'srv',
        User: 'www',
      },
    }),
  ),
);

const HOST: HostFacts = {
  architecture: 'amd64',
  limits: new Map([['nofile', { soft: 1024, hard: 4096 }]]),
  timezoneFile: undefined,
  devices: [],
  seccompProfile: undefined,
  blockDevices: new Map([['/dev/vda', { major: 254, minor: 0 }]]),
  volume: (name) => ({ type: 'folder', path: `/volumes/${name}/_data`, options: [] }),
  hasManyIds: true,
  hostname: 'machine',
  canSetSysctls: true,
};

const PRIVATE = { kind: 'private' } as const;

const REQUEST: ContainerRequest = {
  image: 'image',
  command: [],
  entrypoint: undefined,
  name: undefined,
  replace: false,
  remove: false,
  interactive: false,
  tty: false,
  hostname: undefined,
  environment: [],
  unsetEnvironment: [],
  unsetAllEnvironment: false,
  workingDirectory: undefined,
  user: undefined,
  groupAdd: [],
  mounts: [],
  readOnly: false,
  readOnlyTmpfs: true,
  network: { kind: 'default', options: [], value: undefined },
  ports: [],
  publishAll: false,
  expose: [],
  addHosts: [],
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  noHosts: false,
  capAdd: [],
  capDrop: [],
  privileged: false,
  security: { noNewPrivileges: false, seccompProfile: undefined, mask: [], unmask: [] },
  ulimits: [],
  sysctls: {},
  devices: [],
  pid: PRIVATE,
  ipc: PRIVATE,
  uts: PRIVATE,
  cgroupns: PRIVATE,
  resources: {
    memoryBytes: undefined,
    memoryReservationBytes: undefined,
    memorySwapBytes: undefined,
    cpus: undefined,
    cpuShares: undefined,
    cpusetCpus: undefined,
    pidsLimit: undefined,
  },
  shmSizeBytes: undefined,
  init: false,
  labels: {},
  annotations: {},
  stopSignal: undefined,
  stopTimeoutSeconds: undefined,
  timeoutSeconds: undefined,
  umask: undefined,
  timezone: undefined,
  oomScoreAdjust: undefined,
  log: {
    driver: undefined,
    maxSizeBytes: undefined,
    maxFiles: undefined,
    path: undefined,
    tag: undefined,
  },
  preserveDescriptors: 0,
  pidFile: undefined,
  cidFile: undefined,
};

const spec = (change: Partial<ContainerRequest>, host: Partial<HostFacts> = {}) =>
  compose({
    id: 'c'.repeat(64),
    request: { ...REQUEST, ...change },
    image: IMAGE,
    host: { ...HOST, ...host },
  });

/** What the request with mounts and devices finds on its machine. */
const MACHINE: Partial<HostFacts> = {
  timezoneFile: '/zone',
  devices: [{ source: '/dev/fuse', target: '/dev/fuse', permissions: 'rw', type: 'c' }],
};

const GOLDEN: Record<string, Partial<ContainerRequest>> = {
  default: {},
  confined: {
    readOnly: true,
    capDrop: ['ALL'],
    capAdd: ['net_bind_service'],
    tty: true,
    security: {
      noNewPrivileges: true,
      seccompProfile: 'unconfined',
      mask: ['/x'],
      unmask: ['/proc/*'],
    },
    resources: {
      ...REQUEST.resources,
      memoryBytes: 2 ** 26,
      cpus: 1.5,
      cpuShares: 512,
      cpusetCpus: '0-1',
      cpusetMems: '0',
      blockWeight: 500,
      blockLimits: [
        { device: '/dev/vda', kind: 'weight', value: 200 },
        { device: '/dev/vda', kind: 'readBps', value: 1_048_576 },
        { device: '/dev/vda', kind: 'writeIops', value: 100 },
      ],
      pidsLimit: 10,
    },
    ulimits: [{ name: 'nofile', soft: 10, hard: 20 }],
    umask: '077',
    oomScoreAdjust: 5,
  },
  privileged: {
    privileged: true,
    user: '0:5',
    network: { kind: 'host', options: [], value: undefined },
  },
  mounts: {
    user: 'root',
    mounts: [
      { type: 'bind', source: '/a', target: '/b/c', options: ['ro', 'z'], createSource: false },
      { type: 'volume', name: 'data', target: '/b', options: [] },
      { type: 'tmpfs', target: '/t', options: ['size=1m', 'ro'] },
    ],
    devices: [{ source: '/dev/fuse', target: '/dev/fuse', permissions: 'rw' }],
    ipc: { kind: 'host' },
    pid: { kind: 'host' },
  },
};

for (const [name, change] of Object.entries(GOLDEN)) {
  test(`compose() of the request "${name}" is as in golden/${name}.json`, () => {
    const file = new URL(`golden/${name}.json`, import.meta.url);
    const made = spec(change, name === 'mounts' ? MACHINE : {});
    // The filter has tests of its own; here it is enough that there is one.
    const shown = {
      ...made,
      linux: { ...made.linux, seccomp: made.linux.seccomp !== undefined },
    };
    const text = `${JSON.stringify(shown, undefined, 2)}\n`;
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
  });
}

test("what runs: the command replaces the image's, an entrypoint drops it", () => {
  const cases: [change: Partial<ContainerRequest>, args: string[]][] = [
    [{}, ['/entry', 'default', 'command']],
    [{ command: ['own'] }, ['/entry', 'own']],
    [{ entrypoint: ['sh', '-c'] }, ['sh', '-c']],
    [{ entrypoint: [], command: ['own'] }, ['own']],
  ];
  for (const [change, args] of cases) assert.deepEqual(spec(change).process.args, args);
  assert.throws(() => spec({ entrypoint: [] }), UsageError);
});

test("variables: the image's, less those unset, then merged and own ones", () => {
  const env = (change: Partial<ContainerRequest>): string[] =>
    spec(change).process.env.filter((entry) => /^(PATH|FOO|A)=/.test(entry));
  assert.deepEqual(env({}), ['PATH=/opt/bin:/bin', 'FOO=image']);
  assert.deepEqual(env({ environment: ['FOO=own', 'A=b=c'] }), [
    'PATH=/opt/bin:/bin',
    'FOO=own',
    'A=b=c',
  ]);
  assert.deepEqual(env({ unsetEnvironment: ['FOO'] }), ['PATH=/opt/bin:/bin']);
  assert.equal(
    env({ unsetAllEnvironment: true }).some((entry) => entry.startsWith('FOO')),
    false,
  );
  assert.deepEqual(env({ environmentMerge: ['PATH=${PATH}:/x', 'A=$FOO-${NONE}-'] }), [
    'PATH=/opt/bin:/bin:/x',
    'FOO=image',
    'A=image--',
  ]);
});

test('a label gives capabilities up, and never adds any', () => {
  const given = (text: string, change: Partial<ContainerRequest> = {}): string =>
    (spec({ ...change, labels: { 'io.containers.capabilities': text } })
      .process.capabilities?.bounding ?? []).join(' ');
  assert.equal(given('setuid, CAP_SETGID'), 'CAP_SETGID CAP_SETUID');
  assert.equal(given('sys_admin', { capAdd: ['SYS_ADMIN'] }), 'CAP_SYS_ADMIN');
  const usual = given('');
  for (const text of ['sys_admin,setuid', 'bogus', ',']) assert.equal(given(text), usual, text);
  assert.match(given('setuid', { privileged: true }), /SYS_ADMIN/);
});

test("requests that can't be met are refused", () => {
  const bind = { type: 'bind' as const, source: '/a', options: [], createSource: false };
  const bad: Partial<ContainerRequest>[] = [
    { hostname: '-x' },
    { hostname: 'a\nb' },
    { hostname: 'x'.repeat(65) },
    { mounts: [{ ...bind, target: 'relative' }] },
    { mounts: [{ ...bind, target: '/' }] },
    { mounts: [{ ...bind, target: '/x/../proc' }] },
    {
      mounts: [
        { ...bind, target: '/a' },
        { ...bind, target: '/a/' },
      ],
    },
    { mounts: [{ ...bind, target: '/a', options: ['bogus'] }] },
    { capAdd: ['bogus'] },
    { ulimits: [{ name: 'bogus', soft: 1, hard: 1 }] },
    { ulimits: [{ name: 'nofile', soft: 1, hard: 9999 }] },
    { ulimits: [{ name: 'nofile', soft: 3, hard: 2 }] },
    { resources: { ...REQUEST.resources, memoryBytes: 1024 } },
    { resources: { ...REQUEST.resources, memoryBytes: 2 ** 26, memorySwapBytes: 1 } },
    { resources: { ...REQUEST.resources, memorySwapBytes: 2 ** 26 } },
    { umask: '9' },
    { sysctls: { 'kernel.panic': '1' } },
    { sysctls: { 'net.ipv4.ip_forward': '1+kernel.core_pattern=|/x' } },
    {
      sysctls: { 'net.ipv4.ip_forward': '1' },
      network: { kind: 'host', options: [], value: undefined },
    },
    { sysctls: { 'net/../kernel.panic': '1' } },
  ];
  for (const change of bad) assert.throws(() => spec(change), UsageError, JSON.stringify(change));
});
