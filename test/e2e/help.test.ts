/**
 * Help and unknown words: what a user meets first.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();

test('help is there for every command, with examples', async () => {
  const groups = ['', 'container', 'image', 'volume', 'system'];
  for (const group of groups) {
    const words = group === '' ? [] : [group];
    const listed = await lab.ok([...words, '--help']);
    for (const [, word = ''] of listed.matchAll(/^ {2}([a-z]+) {2,}/gm)) {
      if (groups.includes(word)) continue;
      const help = await lab.ok([...words, word, '--help']);
      assert.match(help, /Usage:\n {2}berth /, `${group} ${word}`);
      assert.match(help, /Examples:/, `${group} ${word}`);
    }
  }
});

test('help has three ways to be asked for', async () => {
  const help = await lab.ok(['run', '--help']);
  assert.equal(await lab.ok(['help', 'run']), help);
  assert.equal(await lab.ok(['container', 'run', '--help']).then((text) => text.split('\n')[0]),
    help.split('\n')[0]);
  assert.match(await lab.ok(['--help']), /Options:\n[\s\S]*--root PATH/);
  assert.equal(await lab.ok([]), await lab.ok(['help']));
});

test('unknown words and flags are errors that guess', async () => {
  const cases: [args: string[], error: RegExp][] = [
    [['pss'], /^Error: run "berth pss": no such command\nhint: did you mean "berth ps"\?/],
    [['volume', 'creat'], /did you mean "berth volume create"\?/],
    [['run', '--nmae', 'x', 'image'], /^Error: unknown flag: --nmae\nhint: did you mean --name\?/],
    [['ps', '-y'], /^Error: unknown shorthand flag: 'y' in -y/],
    [['rename', 'one'], /^Error: run "berth rename": too few arguments for "CONTAINER NAME"/],
    [['ps', 'extra'], /^Error: run "berth ps": too many arguments: "extra"/],
    [['run', '--memory'], /^Error: flag needs an argument: --memory/],
    [['run', '--rm=maybe', 'x'], /^Error: invalid argument "maybe" for "--rm" flag/],
    [['help', 'nothing'], /no such command/],
    [['build', '.'], /^Error: run "berth build": not supported yet\nhint: .*berth load/],
    [['image', 'build', '.'], /^Error: run "berth image build": not supported yet\nhint: .*load/],
    [['container', 'cp', 'a', 'b'], /^Error: run "berth container cp": not supported yet\nhint: /],
    [['volume', 'mount', 'x'], /^Error: .*: not supported yet\nhint: berth volume inspect/],
    [['system', 'migrate'], /^Error: run "berth system migrate": it has no place here\nhint: /],
    [['system', 'cp'], /^Error: run "berth system cp": no such command/],
    [['swarm', 'init'], /^Error: run "berth swarm": it has no place here\nhint: .*this machine/],
    [['run', '--oom-kill-disable', 'x'], /^Error: flag .*: it can have no effect here\nhint: /],
    [['run', '--isolation=process', 'x'], /no effect here\nhint: .*Windows/],
    [['run', '--secret=x', 'x'], /^Error: flag --secret: not supported yet\nhint: /],
    [['exec'], /^Error: choose a container: none is named\nhint: .*--latest/],
    [['run', '-v', '~/x:/x', 'image'], /hint: -v "\$HOME\/x:\/x"/],
    [['volume'], /^Error: run "berth volume": the command is missing/],
  ];
  for (const [args, error] of cases) {
    const { status, stderr } = await lab.berth(args);
    assert.equal(status, 125, args.join(' '));
    assert.match(stderr, error, args.join(' '));
  }
});

test('--log-level takes Podman\'s levels; from "debug" on errors have their stack', async () => {
  const unknown = await lab.berth(['--log-level', 'loud', 'ps']);
  assert.equal(unknown.status, 125);
  assert.match(unknown.stderr, /^Error: read --log-level "loud": no such level\nhint: .*warning/);
  assert.equal(await lab.ok(['ps', '-q', '--log-level=WARN']), '');
  assert.doesNotMatch((await lab.berth(['rm', 'none'])).stderr, / {4}at /);
  const full = await lab.berth(['--log-level', 'debug', 'inspect', 'none']);
  assert.match(full.stderr, / {4}at [\s\S]*\nError: /);
});
