/**
 * Between users, runs and containers: what the second user can reach, what a recycled pid may do,
 * what is left of shared memory, where traffic seems to come from.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab } from '../e2e/harness.ts';
import { executeAsSecondUser } from '../e2e/second-user.ts';
import { missing } from '../lab/probes.ts';

const lab = openLab();
let image = '';
before(async () => { image = await lab.image(); });
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

async function startSleeping(name: string, ...flags: string[]): Promise<string> {
  return lab.ok(
    ['run', '-d', '--name', name, '--network', 'none', ...flags, image, 'sleep', '100']);
}

/** `init` or `supervisor` of the container's last run: pid and start time. */
function factOf(id: string, key: string): { file: string; pid: number } {
  const runs = path.join(lab.data, 'v1/containers', id, 'runs');
  const file = path.join(runs, readdirSync(runs).sort().at(-1) ?? '', 'facts');
  const line = new RegExp(`^${key} (\\d+)`, 'm').exec(readFileSync(file, 'utf8'));
  return { file, pid: Number(line?.[1]) };
}

test('CVE-2021-41091, CVE-2021-41103, CVE-2024-25621: another user reaches nothing', {
  skip: missing.secondUser,
}, async () => {
  const id = await startSleeping('private');
  chmodSync(lab.home, 0o755);
  chmodSync(lab.runtime, 0o755);
  const bob = async (...argv: string[]) => executeAsSecondUser(argv, {});
  const seen = await bob('find', lab.data, path.join(lab.runtime, 'berth'), '-mindepth', '1');
  assert.equal(seen.stdout, '');
  const { pid } = factOf(id, 'supervisor');
  for (const process of [pid, factOf(id, 'init').pid]) {
    assert.notEqual((await bob('sh', '-c', `kill -0 ${process}`)).status, 0);
    assert.notEqual((await bob('ls', `/proc/${process}/root/`)).status, 0);
    assert.notEqual((await bob('cat', `/proc/${process}/environ`)).status, 0);
  }
  assert.notEqual((await bob('ls', path.join(lab.runtime, 'berth/containers', id))).status, 0);
  chmodSync(lab.home, 0o700);
  chmodSync(lab.runtime, 0o700);
  await lab.ok(['rm', '-f', '-t', '0', 'private']);
});

test('CVE-2020-15257: sockets have paths, closed to others; none is abstract', async () => {
  const id = await startSleeping('socket');
  const folder = path.join(lab.runtime, 'berth/containers', id);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(path.join(folder, 'sock')).mode & 0o777, 0o600);
  const abstract = await lab.ok(
    ['run', '--rm', '--network', 'host', image, 'cat', '/proc/net/unix']);
  assert.doesNotMatch(abstract, /@.*berth/);
  await lab.ok(['rm', '-f', '-t', '0', 'socket']);
});

test('podman#25104: a pid that was used again is not the container\'s', async () => {
  const id = await startSleeping('recycled');
  const { file, pid } = factOf(id, 'init');
  const supervisor = factOf(id, 'supervisor').pid;
  // A start time is counted in hundredths of a second (proc_pid_stat(5)): the next one, at least.
  await sleep(20);
  const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
  process.kill(supervisor, 'SIGKILL');
  while (isAlive(pid)) await sleep(10);
  const facts = readFileSync(file, 'utf8')
    .replace(`init ${pid} `, `init ${bystander.pid} `)
    .replace(`supervisor ${supervisor} `, `supervisor ${bystander.pid} `);
  writeFileSync(file, facts);
  writeFileSync(path.join(lab.data, 'v1/containers', id, 'summary'),
    readFileSync(path.join(lab.data, 'v1/containers', id, 'summary'), 'utf8')
      .replace(`init ${pid} `, `init ${bystander.pid} `)
      .replace(`supervisor ${supervisor} `, `supervisor ${bystander.pid} `));
  for (const args of [['kill', 'recycled'], ['stop', '-t', '0', 'recycled'],
    ['exec', 'recycled', 'true'],
    ['rm', '-f', '-t', '0', 'recycled']]) {
    await lab.berth(args);
    assert.ok(isAlive(bystander.pid ?? 0), args.join(' '));
  }
  bystander.kill('SIGKILL');
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('CVE-2024-3056: shared memory goes with the last who has it', async () => {
  await startSleeping('shm', '--shm-size', '4m');
  const script = 'df -k /dev/shm | tail -1; echo kept >/dev/shm/file';
  const shared = await lab.ok(
    ['run', '--rm', '--network', 'none', '--ipc', 'container:shm', image, 'sh', '-c', script]);
  assert.match(shared, /\s4096\s/);
  assert.equal(await lab.ok(['exec', 'shm', 'cat', '/dev/shm/file']), 'kept');
  await lab.ok(['stop', '-t', '0', 'shm']);
  await lab.ok(['start', 'shm']);
  assert.equal(await lab.ok(['exec', 'shm', 'ls', '/dev/shm']), '');
  await lab.ok(['rm', '-f', '-t', '0', 'shm']);
});

test('what shares the host\'s process ids ends with its container', async () => {
  const mark = `10${process.pid}`;
  const left = async () => lab.ok(['run', '--rm', '--network', 'none', '--pid', 'host', image,
    'sh', '-c', `ps | grep -c "[s]leep ${mark}"; exit 0`]);
  await lab.berth(['run', '--rm', '--network', 'none', '--pid', 'host', image, 'sh', '-c',
    `sleep ${mark} & setsid sleep ${mark} & exit 0`]);
  assert.equal(await left(), '0');
});

const address = Object.values(networkInterfaces()).flat()
  .find((found) => found?.family === 'IPv4' && !found.internal)?.address;

test('CVE-2021-20199: published ports keep the client\'s address', {
  skip: missing.pasta || missing.tun || (address === undefined && 'the machine has no address'),
}, async () => {
  const server = await lab.image({
    name: 'localhost/server:1',
    layers: [{ 'www/cgi-bin/peer': { text: '#!/bin/sh\necho\necho $REMOTE_ADDR\n', mode: 0o755 } }],
  });
  await lab.ok(['run', '-d', '--name', 'peer', '-p', '38080:80', server,
    'httpd', '-f', '-p', '80', '-h', '/www']);
  const url = `http://${address}:38080/cgi-bin/peer`;
  let seen = '';
  for (let tries = 0; seen === '' && tries < 50; tries++) {
    seen = await fetch(url).then(async (answer) => answer.text(), () => '');
    if (seen === '') await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  assert.ok(seen.includes(address ?? ''), seen);
  await lab.ok(['rm', '-f', '-t', '0', 'peer']);
});
