/** What doctor says of machines that are described by their facts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../src/doctor/doctor.ts';
import type { DoctorFacts } from '../../src/doctor/facts.ts';

const MOUNT = { mountPoint: '/', options: ['rw'], fileSystem: 'ext4' };
const RANGE = { start: 100_000, count: 65_536 };
const DAY_MS = 24 * 3600 * 1000;

/** A machine on which all is well. */
const GOOD: DoctorFacts = {
  account: { name: 'ann', uid: 1000, gid: 1000, home: '/home/ann', shell: '/bin/sh' },
  hasAccount: true,
  forRoot: false,
  packageManager: 'apt',
  kernel: { version: [6, 12], release: '6.12.48', builtAtMs: undefined, nowMs: 0 },
  namespace: {
    isWhole: true, uids: [], gids: [], hostRoot: 0, mayMapIds: false, mayMapRoot: false,
  },
  userNamespaces: {
    refusal: undefined,
    allowed: true,
    maximum: 1000,
    appArmorRestricts: false,
    helper: '/opt/berth/berth-native',
  },
  ids: {
    uids: [RANGE],
    gids: [RANGE],
    owner: 'ann',
    free: { start: 165_536, count: 65_536 },
    helpers: 'there',
    allRanges: [
      { owner: 'ann', kind: 'uid', ...RANGE },
      { owner: 'ann', kind: 'gid', ...RANGE },
    ],
    usedInRange: [],
  },
  network: { pasta: true, slirp4netns: true, tun: 'usable', firstPort: 80 },
  cgroups: {
    version: 'v2',
    systemd: true,
    session: true,
    controllers: ['cpu', 'cpuset', 'io', 'memory', 'pids'],
  },
  session: {
    runtimeDirectory: '/run/user/1000',
    isRuntimeDirectoryUsable: true,
    runDirectory: '/run/user/1000/berth',
    shell: 4711,
    hasUsualDirectory: true,
    lingers: true,
    mayAskToLinger: true,
  },
  limits: {
    files: { soft: 1024, hard: 524_288 }, processes: { soft: 63_000, hard: 63_000 }, tasks: 300,
  },
  store: {
    path: '/home/ann/.local/share/berth/v1',
    refusal: undefined,
    mount: MOUNT,
    fileSystem: 'ext4',
    freeBytes: 1e11,
    freeInodes: 1e7,
    otherPlace: '/var/tmp',
    hasOverlay: true,
    layersOfOtherIds: 0,
    driver: { version: 1, driver: 'overlay', owners: 'native', hadOneId: false },
  },
  program: { path: '/opt/berth/berth', mount: MOUNT },
  isolation: { hasSeccomp: true, seLinuxEnforces: false, isProcMasked: false },
};

type Part = Exclude<keyof DoctorFacts, 'packageManager' | 'forRoot' | 'hasAccount'>;

/** The good machine with some facts of one part changed. */
function machine<P extends Part>(part: P, changes: Partial<DoctorFacts[P]>): DoctorFacts {
  return { ...GOOD, [part]: { ...GOOD[part], ...changes } };
}

/** What is not well, as `id severity`, and every line to type. */
function verdict(facts: DoctorFacts): { bad: string[]; lines: string[] } {
  const bad = judge(facts).filter(({ severity }) => severity !== 'ok');
  return {
    bad: bad.map(({ id, severity }) => `${id} ${severity}`),
    lines: bad.flatMap(({ remedies }) => remedies.map(({ command }) => command)),
  };
}

test('a good machine has no findings, and each check answers once', () => {
  assert.deepEqual(verdict(GOOD), { bad: [], lines: [] });
  const ids = judge(GOOD).map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

function copies(owners: 'native' | 'xattr') {
  const reason = 'mount overlay: permission denied';
  return { version: 1, driver: 'copy', owners, hadOneId: false, reason } as const;
}

const refused = 'create user namespace: operation not permitted';
const subuids = 'usermod --add-subuids 165536-231071 --add-subgids 165536-231071 ann';
const empty = { helpers: 'there', uids: [], gids: [] } as const;

const CASES: readonly [string, DoctorFacts, string, RegExp | string][] = [
  [
    'a home that belongs to somebody else',
    machine('store', { refusal: 'write "/root": permission denied', driver: undefined }),
    'store blocked',
    'export XDG_DATA_HOME=/var/tmp/ann',
  ],
  [
    'root without ids for containers',
    { ...machine('ids', empty), forRoot: true, account: { ...GOOD.account, name: 'root', uid: 0 } },
    'subordinate-ids blocked',
    "echo 'containers:165536:65536' | tee -a /etc/subuid /etc/subgid",
  ],
  [
    'root whose ids are not many',
    { ...machine('ids', { uids: [{ start: 100_000, count: 9 }], owner: 'containers',
      allRanges: [] }), forRoot: true, account: { ...GOOD.account, name: 'root', uid: 100_000 } },
    'subordinate-ids weaker',
    /^berth system reset --force; sed -i \/\^containers:\/d .*; echo 'containers:165536:65536'/,
  ],
  [
    "the machine's root under another number",
    { ...machine('namespace', { isWhole: false, hostRoot: 5 }),
      account: { ...GOOD.account, uid: 5 } },
    'user-namespaces blocked',
    'su - USER',
  ],
  ['an old kernel', machine('kernel', { version: [5, 10] }), 'kernel blocked', /newer kernel/],
  [
    'a kernel that nobody updates',
    machine('kernel', { builtAtMs: 0, nowMs: 400 * DAY_MS }),
    'kernel weaker',
    /reboot/,
  ],
  [
    'a site that forbids user namespaces',
    machine('userNamespaces', { refusal: refused, maximum: 0 }),
    'user-namespaces blocked',
    /user\.max_user_namespaces=\d+ .*sysctl --system/,
  ],
  [
    'a machine whose user namespaces are used up',
    machine('userNamespaces', {
      refusal: 'create user namespace: user.max_user_namespaces allows no more', maximum: 20_000,
    }),
    'user-namespaces blocked',
    /user\.max_user_namespaces=40000 .*sysctl --system/,
  ],
  [
    'a read-only container with one folder in memory',
    { ...machine('store', { refusal: 'write "/": read-only', otherPlace: '/dev/shm' }),
      namespace: { ...GOOD.namespace, isWhole: false } },
    'store blocked',
    'export XDG_DATA_HOME=/dev/shm/ann',
  ],
  [
    'a read-only container where nothing can be written',
    { ...machine('store', { refusal: 'write "/": read-only', otherPlace: undefined }),
      namespace: { ...GOOD.namespace, isWhole: false } },
    'store blocked',
    'start the outer container with -v berth:/home/ann/.local/share/berth',
  ],
  [
    'a store on the overlay of a container',
    { ...machine('store', { driver: copies('native') }),
      namespace: { ...GOOD.namespace, isWhole: false } },
    'overlay slower',
    'start the outer container with -v berth:/home/ann/.local/share/berth',
  ],
  [
    'a store from before user namespaces were allowed',
    machine('store', { driver: { ...copies('native'), hasOldMarks: true } }),
    'overlay slower',
    /^berth rmi --all/,
  ],
  [
    'the first port in a container',
    { ...machine('network', { firstPort: 1024 }),
      namespace: { ...GOOD.namespace, isWhole: false } },
    'low-ports missing',
    'start the outer container with --sysctl net.ipv4.ip_unprivileged_port_start=80',
  ],
  [
    'an old Debian',
    machine('userNamespaces', { refusal: refused, allowed: false }),
    'user-namespaces blocked',
    /kernel\.unprivileged_userns_clone=1/,
  ],
  [
    'an Ubuntu whose AppArmor goes by the path of the program',
    machine('userNamespaces', { refusal: refused, appArmorRestricts: true }),
    'user-namespaces blocked',
    /profile berth "\/opt\/berth\/berth-native" .*userns, .*apparmor_parser -r/,
  ],
  [
    'a container whose engine filters system calls',
    { ...machine('userNamespaces', { refusal: refused }),
      namespace: { ...GOOD.namespace, isWhole: false } },
    'user-namespaces blocked',
    /^start the outer container with --security-opt seccomp=unconfined/,
  ],
  [
    'root of a container without the capability SETFCAP',
    { ...machine('namespace', {
      isWhole: false, hostRoot: undefined, uids: [RANGE], gids: [RANGE], mayMapIds: true,
    }),
      userNamespaces: { ...GOOD.userNamespaces, refusal: refused },
      ids: { ...GOOD.ids, ...empty }, account: { ...GOOD.account, name: 'root', uid: 0 } },
    'user-namespaces blocked',
    /^start the outer container with --cap-add SETFCAP/,
  ],
  [
    'root of a container with one id',
    { ...machine('namespace', {
      isWhole: false, hostRoot: undefined, uids: [{ start: 0, count: 1 }],
      gids: [{ start: 0, count: 1 }], mayMapIds: true, mayMapRoot: true,
    }), ids: { ...GOOD.ids, ...empty }, account: { ...GOOD.account, name: 'root', uid: 0 } },
    'subordinate-ids weaker',
    /^give subordinate ids to the user who starts the outer container/,
  ],
  [
    'a user of a container',
    { ...machine('ids', empty), namespace: {
      ...GOOD.namespace, isWhole: false, hostRoot: undefined,
      uids: [{ start: 0, count: 65_537 }], gids: [{ start: 0, count: 65_537 }],
    } },
    'subordinate-ids weaker',
    'usermod --add-subuids 1001-65536 --add-subgids 1001-65536 ann',
  ],
  [
    'a user of a container that has no ids but the one of this user',
    { ...machine('ids', empty), namespace: {
      ...GOOD.namespace, isWhole: false, hostRoot: undefined,
      uids: [{ start: 1000, count: 1 }], gids: [{ start: 1000, count: 1 }],
    } },
    'subordinate-ids weaker',
    'give subordinate ids to the user who starts the outer container',
  ],
  [
    'a job whose user has no account',
    { ...machine('ids', empty), hasAccount: false,
      account: { ...GOOD.account, name: '1000' } },
    'subordinate-ids weaker',
    /^echo 'user1000:x:1000:1000::\/:\/bin\/sh' >>\/etc\/passwd && usermod .* user1000$/,
  ],
  [
    "a range that holds the user's own id",
    machine('ids', { uids: [{ start: 1000, count: 65_536 }] }),
    'subordinate-ids-overlap blocked',
    /--del-subuids/,
  ],
  [
    "a range that holds the user's own group",
    machine('ids', { gids: [{ start: 1000, count: 65_536 }] }),
    'subordinate-ids-overlap blocked',
    /--del-subgids 1000-/,
  ],
  [
    'a store of former ids',
    machine('store', { layersOfOtherIds: 3 }),
    'store-ids missing',
    /^berth rmi --all/,
  ],
  ['a user without ranges', machine('ids', empty), 'subordinate-ids weaker', subuids],
  [
    'no newuidmap',
    machine('ids', { helpers: 'missing' }),
    'subordinate-ids weaker',
    'apt-get install uidmap',
  ],
  [
    'a set-user-id newuidmap in a container',
    machine('ids', { helpers: 'weak' }),
    'subordinate-ids weaker',
    /^chmod u-s .* setcap cap_setuid\+ep .* setcap cap_setgid\+ep/,
  ],
  [
    'a newuidmap that lost its bit',
    machine('ids', { helpers: 'not set-user-id' }),
    'subordinate-ids weaker',
    /^chmod u\+s /,
  ],
  [
    'a small range',
    machine('ids', { uids: [{ start: 100_000, count: 2048 }] }),
    'subordinate-ids weaker',
    subuids,
  ],
  [
    'CVE-2024-56433: a range with the uid of an account',
    machine('ids', { usedInRange: [{ name: 'bob', uid: 100_500 }] }),
    'subordinate-ids-overlap weaker',
    /--del-subuids 100000-165535 --del-subgids 100000-165535 ann/,
  ],
  [
    'CVE-2024-56433: a range that another user has as well',
    machine('ids', {
      allRanges: [...GOOD.ids.allRanges, { owner: 'bob', kind: 'gid', start: 165_535, count: 9 }],
    }),
    'subordinate-ids-overlap weaker',
    /--add-subuids 165536-/,
  ],
  [
    'no network helper',
    machine('network', { pasta: false, slirp4netns: false }),
    'network missing',
    'apt-get install passt',
  ],
  [
    'no network helper and no tun in a container',
    { ...machine('network', { pasta: false, slirp4netns: false, tun: 'missing' }),
      namespace: { ...GOOD.namespace, isWhole: false } },
    'network missing',
    'start the outer container with --device /dev/net/tun',
  ],
  [
    'another program of the name pasta',
    machine('network', { pastaFails: 'exit status 3' }),
    'network missing',
    'apt-get install passt',
  ],
  ['slirp4netns alone', machine('network', { pasta: false }), 'network slower', /passt/],
  ['no tun', machine('network', { tun: 'missing' }), 'network missing', 'modprobe tun'],
  ['a closed tun', machine('network', { tun: 'not permitted' }), 'network missing', /chmod 666/],
  [
    'the usual first port',
    machine('network', { firstPort: 1024 }),
    'low-ports missing',
    /ip_unprivileged_port_start=80/,
  ],
  ['cgroups v1', machine('cgroups', { version: 'v1' }), 'limits missing', /unified_cgroup/],
  [
    'a systemd that delegates little',
    machine('cgroups', { controllers: ['memory', 'pids'] }),
    'limits missing',
    /Delegate=cpu cpuset io memory pids/,
  ],
  [
    'no session of systemd',
    machine('cgroups', { session: false, controllers: [] }),
    'limits missing',
    'loginctl enable-linger ann',
  ],
  [
    'no systemd at all',
    machine('cgroups', { systemd: false, session: false, controllers: [] }),
    'limits missing',
    /^cd \/sys\/fs\/cgroup && .* chown -R ann berth-ann && echo 4711 >berth-ann\/shell\/cgroup/,
  ],
  [
    'a user who does not linger',
    machine('session', { lingers: false }),
    'linger missing',
    'loginctl enable-linger ann',
  ],
  [
    'no XDG_RUNTIME_DIR',
    machine('session', { runtimeDirectory: undefined, isRuntimeDirectoryUsable: false }),
    'runtime-directory weaker',
    'export XDG_RUNTIME_DIR=/run/user/1000',
  ],
  [
    'no XDG_RUNTIME_DIR and no folder that it could name',
    machine('session', {
      runtimeDirectory: undefined, isRuntimeDirectoryUsable: false, hasUsualDirectory: false,
    }),
    'runtime-directory weaker',
    'loginctl enable-linger ann',
  ],
  [
    'no XDG_RUNTIME_DIR and no systemd to make one',
    { ...machine('session', {
      runtimeDirectory: undefined, isRuntimeDirectoryUsable: false, hasUsualDirectory: false,
    }), cgroups: { ...GOOD.cgroups, systemd: false } },
    'runtime-directory weaker',
    /^mkdir -p \/run\/user && install -d -o 1000 -g 1000 -m 700 \/run\/user\/1000$/,
  ],
  [
    'a home on NFS',
    machine('store', { mount: { ...MOUNT, fileSystem: 'nfs4' } }),
    'store slower',
    /export XDG_DATA_HOME=/,
  ],
  [
    'a full disk',
    machine('store', { freeBytes: 1e8 }),
    'free-space missing', /^export XDG_DATA_HOME=\/var\/tmp\/ann$/,
  ],
  [
    'a disk with room, but for no more files',
    machine('store', { freeInodes: 0 }),
    'free-space missing', /^export XDG_DATA_HOME=\/var\/tmp\/ann$/,
  ],
  [
    'a shell with few open files',
    machine('limits', { files: { soft: 256, hard: 4096 } }),
    'open-files weaker', 'ulimit -S -n 1024',
  ],
  [
    'a login with few open files',
    machine('limits', { files: { soft: 256, hard: 256 } }),
    'open-files weaker', /^echo 'ann - nofile 1024' >>\/etc\/security\/limits.d\//,
  ],
  [
    'a login with few processes, most of which exist',
    machine('limits', { processes: { soft: 400, hard: 400 } }),
    'processes missing', /^echo 'ann - nproc 4096' >>\/etc\/security\/limits.d\//,
  ],
  [
    'more processes than the shell lets through',
    machine('limits', { processes: { soft: 300, hard: Infinity } }),
    'processes missing', 'ulimit -S -u 4096',
  ],
  [
    'a home that is mounted noexec',
    machine('store', { mount: { ...MOUNT, options: ['rw', 'noexec'] } }),
    'mount-options weaker',
    'mount -o remount,exec /',
  ],
  [
    'a kernel without overlay',
    machine('store', { hasOverlay: false, driver: copies('native') }),
    'overlay slower',
    /^modprobe overlay .*system reset/,
  ],
  [
    'a home that refuses overlay',
    machine('store', { driver: copies('native') }),
    'overlay slower',
    'export XDG_DATA_HOME=/var/tmp/ann',
  ],
  [
    'a home that refuses overlay, and no program for it',
    machine('store', { driver: { ...copies('native'), lacksProgram: true } }),
    'overlay slower',
    'apt-get install fuse-overlayfs',
  ],
  [
    'a home that a program serves',
    machine('store', { driver: { ...copies('native'), driver: 'fuse-overlayfs' } }),
    'overlay slower',
    'export XDG_DATA_HOME=/var/tmp/ann',
  ],
  [
    'a home whose server gives no files away',
    machine('store', { driver: { ...copies('xattr'), driver: 'overlay' } }),
    'store weaker',
    'export XDG_DATA_HOME=/var/tmp/ann',
  ],
  ['no seccomp', machine('isolation', { hasSeccomp: false }), 'seccomp weaker', /CONFIG_SECCOMP/],
  [
    'a container with a masked /proc',
    machine('isolation', { isProcMasked: true }),
    'nesting weaker',
    /unmask=ALL/,
  ],
];

for (const [name, facts, bad, line] of CASES) {
  test(`doctor on ${name}: ${bad}`, () => {
    const found = verdict(facts);
    assert.deepEqual(found.bad, [bad]);
    const isThere = found.lines.some((typed) =>
      typeof line === 'string' ? typed === line : line.test(typed));
    assert.ok(isThere, `${String(line)} is not among ${JSON.stringify(found.lines)}`);
  });
}

test('SELinux is told, and nothing can be typed', () => {
  const { bad, lines } = verdict(machine('isolation', { seLinuxEnforces: true }));
  assert.deepEqual({ bad, lines }, { bad: ['selinux weaker'], lines: [] });
});

test('copies on a folder that is mounted noexec can not run', () => {
  const mount = { ...MOUNT, options: ['rw', 'noexec'] };
  const { bad } = verdict(machine('store', { mount, driver: copies('native') }));
  assert.deepEqual(bad, ['overlay slower', 'mount-options blocked']);
});

test('without polkit only the administrator lets a user linger', () => {
  const asked = (mayAskToLinger: boolean): unknown =>
    judge(machine('session', { lingers: false, mayAskToLinger }))
      .flatMap(({ remedies }) => remedies);
  const command = 'loginctl enable-linger ann';
  assert.deepEqual(asked(true), [{ who: 'user', command }]);
  assert.deepEqual(asked(false), [{ who: 'administrator', command }]);
});

test('packages have the names of the distribution', () => {
  const facts = { ...machine('ids', { helpers: 'missing' }), packageManager: 'dnf' as const };
  assert.deepEqual(verdict(facts).lines, ['dnf install shadow-utils']);
});
