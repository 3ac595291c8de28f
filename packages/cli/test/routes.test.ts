/** Every command: its words, its flags, and examples that are true. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnsupportedError } from '@berth/errors';
import { absentCommands } from '../src/absent-commands.ts';
import type { CommandSpec } from '../src/command-spec.ts';
import { GLOBAL_FLAGS } from '../src/flags/global-flags.ts';
import { parseFlags } from '../src/flags/parse-flags.ts';
import { alsoWritten, findRoute, wordsOf } from '../src/routes.ts';

const GROUPS = ['container', 'image', 'volume', 'system'];

async function commands(): Promise<{ words: string; spec: CommandSpec }[]> {
  const single = wordsOf([]).filter((word) => !GROUPS.includes(word));
  const grouped = GROUPS.flatMap((group) => wordsOf([group]).map((word) => `${group} ${word}`));
  return Promise.all(
    [...single, ...grouped].map(async (words) => {
      const route = findRoute(words.split(' '));
      assert.ok(route !== undefined, words);
      return { words, spec: new (await route.load())().spec };
    }),
  );
}

test('every command has a sentence, two examples, and words on its flags', async () => {
  for (const { words, spec } of await commands()) {
    assert.match(spec.summary, /^[A-Z].*[^.]$/, words);
    assert.ok(spec.examples.length >= 2, `${words} has ${spec.examples.length} examples`);
    for (const [name, flag] of Object.entries(spec.flags)) {
      assert.equal(flag.hidden, flag.description === '' || flag.hidden, `${words} --${name}`);
    }
  }
});

test('what is said to be absent is', () => {
  for (const word of absentCommands()) {
    assert.equal(findRoute(word.split(' ')), undefined, word);
  }
});

test('short flags and aliases mean one thing each', async () => {
  for (const { words, spec } of await commands()) {
    const names = Object.entries(spec.flags).flatMap(([name, { short, aliases }]) => [
      name,
      ...aliases,
      ...(short === undefined ? [] : [`-${short}`]),
    ]);
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
      words,
    );
  }
});

test('the examples of help are commands with flags that there are', async () => {
  for (const { words, spec } of await commands()) {
    for (const [, line] of spec.examples) {
      const calls = line.split(/\s(?:\||\|\||&&)\s/).filter((part) => part.startsWith('berth '));
      assert.ok(calls.length > 0, `${words}: ${line}`);
      for (const call of calls) await checkCall(call);
    }
  }
});

async function checkCall(call: string): Promise<void> {
  const args = [...call.matchAll(/'[^']*'|"[^"]*"|\S+/g)].map(([word]) =>
    word.replace(/['"]/g, ''),
  );
  const global = { flags: GLOBAL_FLAGS, stopsAtOperand: true, command: '' };
  const { operands } = parseFlags(args.slice(1), global);
  const route = findRoute(operands);
  assert.ok(route !== undefined, call);
  const { spec } = new (await route.load())();
  const { flags, stopsAtOperand = false } = spec;
  const parsed = parseFlags(operands.slice(route.path.length), {
    flags,
    stopsAtOperand,
    command: '',
  });
  assert.ok(parsed.operands.length >= (spec.least ?? 0), call);
  assert.ok(parsed.operands.length <= (spec.most ?? Infinity), call);
}

test("global flags of Podman's that choose parts which are not here change nothing", () => {
  const global = { flags: GLOBAL_FLAGS, stopsAtOperand: true, command: '' };
  const line = '--hooks-dir /h --tmpdir /t --config /c --debug --cgroup-manager cgroupfs ps';
  assert.deepEqual(parseFlags(line.split(' '), global).operands, ['ps']);
  const refused = [
    '-c x', '-r', '-H tcp://x', '--volumepath /x', '--imagestore /x', '--out f', '--noout',
  ];
  for (const flag of refused) {
    assert.throws(() => parseFlags([...flag.split(' '), 'ps'], global), UnsupportedError, flag);
  }
});

test('muscle memory of docker finds the same commands', () => {
  const same: [string, string][] = [
    ['container ls', 'ps'],
    ['container ps', 'ps'],
    ['image ls', 'images'],
    ['image rm', 'rmi'],
    ['image pull', 'pull'],
    ['image load', 'load'],
    ['image history', 'history'],
    ['volume list', 'volume ls'],
    ['volume remove', 'volume rm'],
    ['system info', 'info'],
    ['container run', 'run'],
    ['container exec', 'exec'],
    ['container rm', 'rm'],
  ];
  for (const [one, other] of same) {
    assert.equal(findRoute(one.split(' '))?.load, findRoute(other.split(' '))?.load, one);
    assert.ok(alsoWritten(other.split(' ')).includes(one), one);
  }
  for (const words of [[], ['nothing'], ['volume'], ['constructor'], ['__proto__']]) {
    assert.equal(findRoute(words), undefined);
  }
});

/** What Podman's `run` knows; a flag that is not here yet is refused with a reason. */
const RUN_FLAGS = `add-host annotation arch attach authfile blkio-weight blkio-weight-device cap-add
cap-drop cert-dir cgroup-conf cgroup-parent cgroupns cgroups chrootdirs cidfile conmon-pidfile
cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems creds
decryption-key detach detach-keys device device-cgroup-rule device-read-bps device-read-iops
device-write-bps device-write-iops disable-content-trust dns dns-option dns-search entrypoint env
env-file env-host env-merge expose gidmap gpus group-add group-entry health-cmd health-interval
health-log-destination health-max-log-count health-max-log-size health-on-failure health-retries
health-start-period health-startup-cmd health-startup-interval health-startup-retries
health-startup-success health-startup-timeout health-timeout hostname hosts-file hostuser http-proxy
image-volume init init-path interactive ip ip6 ipc label label-file link-local-ip log-driver log-opt
mac-address memory memory-reservation memory-swap memory-swappiness mount name network
network-alias no-healthcheck no-hostname no-hosts oom-kill-disable oom-score-adj os passwd
passwd-entry personality pid pidfile pids-limit platform pod pod-id-file preserve-fd preserve-fds
privileged publish publish-all pull quiet rdt-class read-only read-only-tmpfs replace requires
restart retry retry-delay rm rmi rootfs sdnotify seccomp-policy secret security-opt shm-size
shm-size-systemd sig-proxy stop-signal stop-timeout subgidname subuidname sysctl systemd timeout
tls-verify tmpfs tty tz uidmap ulimit umask unsetenv unsetenv-all user userns uts variant volume
volumes-from workdir`;

test('run knows every flag of Podman, if only to say why it is refused', async () => {
  const route = findRoute(['run']);
  const { spec } = new ((await route?.load()) ?? assert.fail())();
  const missing = RUN_FLAGS.split(/\s+/).filter((name) => !Object.hasOwn(spec.flags, name));
  assert.deepEqual(missing, []);
  for (const [name, { refusal }] of Object.entries(spec.flags)) {
    assert.notEqual(refusal, '', name);
  }
  const parsing = { flags: spec.flags, stopsAtOperand: true, command: 'run' };
  const quota = ['--storage-opt', 'size=1G', 'image'];
  assert.throws(() => parseFlags(quota, parsing), UnsupportedError, 'a quota would not be kept');
});
