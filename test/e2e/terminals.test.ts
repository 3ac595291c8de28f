/**
 * Terminals as their users know them: whose keys and signals are whose, and what is given back.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab } from './harness.ts';
import type { Started } from './execute.ts';

const lab = openLab();
const IMAGE = 'localhost/busybox';
const LOOP = "trap 'echo GOT; exit 7' INT; echo up; while :; do sleep 0.1; done";
before(async () => {
  await lab.image();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const berth = lab.command.join(' ');

/** On a terminal: the client, whose process id is in a file, and then what the terminal is like. */
function startClient(words: string): { started: Started; client: () => number } {
  const file = path.join(lab.home, 'client');
  const started = lab.startInShell(
    `trap : INT; sh -c 'echo $$ >${file}; exec ${berth} ${words}'; echo "status $?"; stty -a`,
  );
  return { started, client: () => Number(readFileSync(file, 'utf8')) };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let left = 200; !isTrue() && left > 0; left--) await sleep(50);
}

function stopped(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

test('a terminal is given back as it was, though the client was stopped meanwhile', async () => {
  const { started, client } = startClient(`run --rm -it --network none ${IMAGE} sh`);
  await started.seen(/# /);
  const pid = client();
  process.kill(pid, 'SIGSTOP');
  await until(() => stopped(pid));
  process.kill(pid, 'SIGCONT');
  started.child.stdin.write('echo A$((1+1))\r');
  await started.seen(/^A2\r$/m);
  await started.seen(/A2\r\n[^]*# /);
  started.child.stdin.write('exit 4\r');
  const { stdout } = await started.finished;
  assert.match(stdout, /^status 4\r$/m);
  assert.match(stdout, / icanon /);
  assert.match(stdout, / echo /);
});

test('-t without -i leaves the keys to the caller: Ctrl-C is a signal to the program', async () => {
  await lab.ok(['run', '-d', '--name', 'host', '--network', 'none', IMAGE, 'sleep', '1000']);
  const program = `sh -c "${LOOP.replaceAll("'", String.raw`'\''`)}"`;
  for (const words of [`run --rm -t --network none ${IMAGE}`, 'exec -t host']) {
    const { started } = startClient(`${words} ${program}`);
    await started.seen(/^up/m);
    started.child.stdin.write('\x03');
    const { stdout } = await started.finished;
    assert.match(stdout, /GOT\r\nstatus 7\r\n/);
  }
});

test('a signal to the client of -it is for the program', async () => {
  const program = `sh -c "${LOOP.replaceAll("'", String.raw`'\''`).replace('INT', 'TERM')}"`;
  const { started, client } = startClient(`run --rm -it --network none ${IMAGE} ${program}`);
  await started.seen(/^up/m);
  process.kill(client(), 'SIGTERM');
  const { stdout } = await started.finished;
  assert.match(stdout, /^GOT\r\nstatus 7\r$/m);
  assert.match(stdout, / icanon /);
});

test('--sig-proxy=false leaves signals to the client, which gives the terminal back', async () => {
  await lab.ok(['create', '--name', 'kept', '-it', '--network', 'none', IMAGE, 'sh']);
  for (const words of ['start --sig-proxy=false -ai kept', 'attach --sig-proxy=false kept']) {
    const { started, client } = startClient(words);
    started.child.stdin.write('echo A$((1+1))\r');
    await started.seen(/^A2\r$/m);
    process.kill(client(), 'SIGTERM');
    const { stdout } = await started.finished;
    assert.match(stdout, /^status 143\r$/m);
    assert.match(stdout, / icanon /);
    assert.equal(await lab.ok(['inspect', '-f', '{{.State.Status}}', 'kept']), 'running');
  }
});

test('a terminal whose output nobody takes any more hangs up', async () => {
  const writes = 'while echo line; do sleep 0.05; done; exit 3';
  const words = `${berth} run --name cut -t --network none ${IMAGE} sh -c "${writes}"`;
  const { stdout } = await lab.inShell(`${words} | head -n 1`);
  assert.equal(stdout.trim(), 'line');
  assert.equal(await lab.ok(['wait', 'cut'], { timeoutMs: 20_000 }), '3');
});
