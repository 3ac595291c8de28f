/**
 * Help, versions, unknown words: what a user meets first.
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

test('--version and version', async () => {
  assert.match(await lab.ok(['--version']), /^berth version \d+\.\d+\.\d+$/);
  assert.equal(await lab.ok(['-v']), await lab.ok(['--version']));
  const version = await lab.ok(['version', '--format', '{{.Client.Version}}']);
  assert.equal(await lab.ok(['--version']), `berth version ${version}`);
  assert.match(await lab.ok(['version']), /^Client: +Berth\nVersion: +\d/);
  const { Client } = JSON.parse(await lab.ok(['version', '--format', 'json'])) as {
    Client: { Version: string };
  };
  assert.equal(Client.Version, version);
});

test('unknown words and flags are errors that guess', async () => {
  const cases: [args: string[], error: RegExp][] = [
    [['pss'], /^Error: run "berth pss": no such command\nhint: did you mean "berth ps"\?/],
    [['volume', 'creat'], /did you mean "berth volume create"\?/],
    [['run', '--nmae', 'x', 'image'], /^Error: unknown flag: --nmae\nhint: did you mean --name\?/],
    [['ps', '-y'], /^Error: unknown shorthand flag: 'y' in -y/],
    [['rename', 'one'], /^Error: run "berth rename": it needs more/],
    [['ps', 'extra'], /^Error: run "berth ps": "extra" is too much/],
    [['run', '--memory'], /^Error: flag needs an argument: --memory/],
    [['run', '--rm=maybe', 'x'], /^Error: invalid argument "maybe" for "--rm" flag/],
    [['help', 'nothing'], /no such command/],
    [['build', '.'], /^Error: run "berth build": not supported yet\nhint: .*berth load/],
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

test('info describes the machine, under the names of Podman too', async () => {
  const info = JSON.parse(await lab.ok(['info', '--format', 'json'])) as {
    host: { arch: string };
    store: { graphRoot: string };
  };
  assert.equal(await lab.ok(['info', '-f', '{{.Host.Arch}} {{.host.arch}}']),
    `${info.host.arch} ${info.host.arch}`);
  assert.equal(await lab.ok(['info', '-f', '{{.Store.GraphRoot}}']), info.store.graphRoot);
  assert.match(await lab.ok(['info']), /^host:\n {2}arch: /);
});
