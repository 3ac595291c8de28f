/**
 * A container that waits for the next command: false file systems where exec looks, output without
 * end, a user namespace or names that lead elsewhere.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from '../e2e/harness.ts';

const lab = openLab();
let image = '';
before(async () => { image = await lab.image(); });
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

async function startHolding(name: string, ...flags: string[]): Promise<string> {
  return lab.ok(
    ['run', '-d', '--name', name, '--network', 'none', ...flags, image, 'sleep', '100']);
}

async function wait(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

/** Kilobytes that a process of the host has in memory. */
function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Until then it is the command itself, which hands over by execve. */
async function becomesHelper(pid: number): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (readlinkSync(`/proc/${pid}/exe`).endsWith('/berth-native')) return;
    await wait(50);
  }
}

// Also CVE-2022-31030, CVE-2022-1708.
test('CVE-2025-64329: output that nobody reads fills no memory', async () => {
  const id = await startHolding('endless');
  const runs = path.join(lab.data, 'v1/containers', id, 'runs/1/facts');
  const supervisor = Number(/^supervisor (\d+)/m.exec(readFileSync(runs, 'utf8'))?.[1]);
  for (const words of [['exec', 'endless', 'yes'], ['exec', '-t', 'endless', 'yes'],
    ['run', '--rm', '--network', 'none', image, 'yes']]) {
    const [command = '', ...args] = [...lab.command, ...words];
    // The pipe is never read: it is full at once.
    const client = spawn(command, args, {
      env: lab.environment, cwd: lab.home, stdio: ['ignore', 'pipe', 'ignore'],
    });
    client.stdout.pause();
    await becomesHelper(client.pid ?? 0);
    await wait(800);
    assert.ok(memoryOf(client.pid ?? 0) < 20_000, `${words.join(' ')}: the client`);
    assert.ok(memoryOf(supervisor) < 20_000, `${words.join(' ')}: the supervisor`);
    // The container stays open to others meanwhile.
    assert.equal(await lab.ok(['exec', 'endless', 'echo', 'here']), 'here');
    const ended = new Promise((resolve) => { client.on('close', resolve); });
    client.stdout.resume();
    client.kill('SIGTERM');
    await wait(200);
    client.kill('SIGKILL');
    await ended;
  }
  await lab.ok(['rm', '-f', '-t', '0', 'endless']);
});

test('CVE-2025-52881: a false /proc takes no write and no label of exec', async () => {
  await startHolding('false-proc', '--cap-add', 'SYS_ADMIN', '--security-opt', 'unmask=ALL');
  await lab.ok(['exec', 'false-proc', 'sh', '-c', `mount -t tmpfs false /proc
    mkdir -p /proc/self/attr /proc/self/fd /proc/thread-self/attr /proc/sys/kernel
    for name in self/attr/exec self/attr/current thread-self/attr/exec self/oom_score_adj \\
      self/setgroups self/uid_map self/gid_map self/loginuid sys/kernel/hostname; do
      mkdir -p /proc/$(dirname $name); : >/proc/$name; done`]);
  for (const flags of [[], ['--privileged'], ['-u', '1000'], ['-w', '/tmp']]) {
    await lab.ok(['exec', ...flags, 'false-proc', 'true']);
  }
  assert.equal(await lab.ok(['exec', 'false-proc', 'find', '/proc', '-type', 'f', '-size', '+0']),
    '');
  await lab.ok(['rm', '-f', '-t', '0', 'false-proc']);
});

test('CVE-2025-52565: a false /dev/pts gives no terminal and is not opened', async () => {
  await startHolding('false-pts', '-v', 'pts:/dev/pts');
  await lab.ok(['exec', 'false-pts', 'sh', '-c',
    'cd /dev/pts; ln -s /proc/sys/kernel/core_pattern 0; ln -s /bin/busybox ptmx; mkfifo 1']);
  const { status, stdout } = await lab.terminal(['exec', '-t', 'false-pts', 'true']);
  assert.equal(status, 125);
  assert.match(stdout, /open terminal/);
  await lab.ok(['rm', '-f', '-t', '0', 'false-pts']);
  // A start has its terminal from the devpts that it made, whatever is put over it.
  const seen = await lab.terminal(['run', '--rm', '-t', '--network', 'none', '-v', 'pts:/dev/pts',
    image, 'sh', '-c', 'stat -c %t /dev/console; readlink /dev/pts/0']);
  assert.match(seen.stdout, /^88\r?\n\/proc\/sys\/kernel\/core_pattern\r?\n$/);
});

test('CVE-2021-20206: names that are paths name nothing', async () => {
  const earlier = readdirSync(path.join(lab.data, 'v1')).sort();
  for (const name of ['../x', '..', '.', '/etc', 'a/../../x', 'x\n', '-x', '%2e%2e', 'a\\..']) {
    const others = [['volume', 'rm', '--', name], ['run', '--rm', `--network=${name}`, image],
      ['rm', '--', name], ['start', '--', name], ['inspect', '--', name], ['logs', '--', name],
      ['exec', '--', name, 'true'], ['run', '--rm', `--pid=container:${name}`, image],
      ['run', '--rm', '-v', `${name}/../v:/x`, image], ['tag', image, `${name}:${name}`]];
    for (const words of [['create', `--name=${name}`, image], ['volume', 'create', '--', name],
      ['run', '--rm', '--mount', `type=volume,src=${name},dst=/x`, image],
      ...(name === '../x' ? others : [])]) {
      const { status, stderr } = await lab.berth(words);
      assert.ok([1, 125].includes(status), `${words.join(' ')}: ${status}`);
      assert.doesNotMatch(stderr, /bug/, words.join(' '));
    }
  }
  assert.deepEqual(readdirSync(path.join(lab.data, 'v1')).sort(), earlier);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), 'pts');
});

test('CVE-2026-48785: a path opens itself, not what begins like it', async () => {
  const unmasked = await lab.ok(['run', '--rm', '--network', 'none', '--security-opt',
    'unmask=/proc/k:/proc/sy:/proc/timer', image, 'sh', '-c',
    'wc -c </proc/keys; echo x 2>/dev/null >/proc/sysrq-trigger || echo closed']);
  assert.equal(unmasked, '0\nclosed');
  for (const sysctl of ['kernel.shm=1', 'kernel.semaphore=1', 'fs.mqueuex.a=1', 'netx.a=1',
    'kernel.msg_x/../core_pattern=1']) {
    const { status } = await lab.berth(['run', '--rm', '--sysctl', sysctl, image, 'true']);
    assert.equal(status, 125, sysctl);
  }
});
