/**
 * Texts that images, registries and containers choose: none drives the user's terminal, and none
 * adds a line that looks like one of ours.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { startRegistryServer } from '@berth/testing';
import type { RegistryServer } from '@berth/testing';
import { openLab } from '../e2e/harness.ts';

const lab = openLab();
/** A title for the window, a color by C1, another direction of writing, and a line of advice. */
const EVIL = '\u001b]0;owned\u0007\u009b31m\u202e\nhint: evil\r';
const DRIVES = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const NAME = 'localhost/evil:1';
let registry: RegistryServer;

before(async () => {
  registry = await startRegistryServer();
  await lab.image({
    name: NAME,
    layers: [{ [`/etc/${EVIL}`]: 'text' }],
    config: { Cmd: ['sleep', '100'], Labels: { [EVIL]: EVIL } },
  });
});
lab.atEnd(() => registry.close());

/** What a person sees of a command, on a terminal. It mentions the hostile text. */
async function shown(args: readonly string[]): Promise<string> {
  const { stdout } = await lab.terminal(args);
  requireTame(stdout, args);
  assert.match(stdout, /owned/, args.join(' '));
  return stdout;
}

function requireTame(text: string, args: readonly string[]): void {
  assert.doesNotMatch(text, DRIVES, args.join(' '));
  assert.doesNotMatch(text, /^hint: evil/m, args.join(' '));
}

// Also CVE-2021-42574.
test('CVE-2021-25743: names of files and labels do not drive the terminal', async () => {
  await shown(['diff', NAME]);
  await shown(['inspect', NAME]);
  await shown(['image', 'inspect', NAME]);
  await lab.ok(['run', '-d', '--name', 'box', '--network', 'none', NAME]);
  await lab.ok(['exec', 'box', 'sh', '-c', 'touch "$0"', `/${EVIL}`]);
  await shown(['diff', 'box']);
  const lines = (await lab.ok(['diff', 'box'])).split('\n');
  assert.deepEqual(lines.filter((line) => !/^[ACD] \//.test(line)), [], 'a line for each file');
  await lab.ok(['rm', '-f', '-t', '0', 'box']);
});

// Also CVE-2021-42574.
test('CVE-2021-25743: what an image asks for is quoted in errors, in one line', async () => {
  const wishes: [name: string, config: Record<string, unknown>][] = [
    ['program', { Entrypoint: [`/${EVIL}`] }],
    ['user', { User: EVIL, Cmd: ['true'] }],
    ['folder', { WorkingDir: `/etc/passwd/${EVIL}`, Cmd: ['true'] }],
    ['volume', { Volumes: { [`/etc/passwd/${EVIL}`]: {} }, Cmd: ['true'] }],
    ['signal', { StopSignal: EVIL, Cmd: ['true'] }],
  ];
  for (const [name, config] of wishes) {
    const image = await lab.image({ name: `localhost/${name}:1`, config });
    const run = ['run', '--rm', '--network', 'none', image];
    await shown(run);
    const { status, stderr } = await lab.berth(run);
    assert.notEqual(status, 0, name);
    requireTame(stderr, run);
  }
  await lab.ok(['create', '--name', 'never', 'localhost/program:1']);
  await shown(['start', 'never']);
  await shown(['start', '-a', 'never']);
  await lab.ok(['rm', 'never']);
});

test('CVE-2021-25743: what a registry says is quoted in errors, in one line', async () => {
  const errors = [{ code: 'DENIED', message: EVIL }];
  registry.faults.add({
    match: /manifests/,
    fault: { kind: 'status', status: 403, body: JSON.stringify({ errors }) },
  });
  const pull = ['pull', '--tls-verify=false', '--retry', '0', `${registry.host}/any`];
  await shown(pull);
  const { status, stderr } = await lab.berth(pull);
  assert.equal(status, 125);
  assert.match(stderr, /owned/);
  requireTame(stderr, pull);
});
