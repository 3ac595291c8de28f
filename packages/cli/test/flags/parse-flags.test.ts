/** Command lines as users type them, taken apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnsupportedError, UsageError } from '@berth/errors';
import {
  decimal,
  each,
  ignored,
  listed,
  refused,
  text,
  toggle,
  whole,
} from '../../src/flags/flag.ts';
import { parseFlags } from '../../src/flags/parse-flags.ts';

const FLAGS = {
  detach: toggle('', { short: 'd' }),
  env: each('', '', { short: 'e' }),
  interactive: toggle('', { short: 'i' }),
  network: text('', '', { aliases: ['net'] }),
  publish: listed('', '', { short: 'p' }),
  'sig-proxy': toggle('', { initial: true }),
  size: whole('', '', { short: 'n' }),
  cpus: decimal('', ''),
  tty: toggle('', { short: 't' }),
  volume: each('', '', { short: 'v' }),
  quiet: ignored('toggle'),
  pod: refused('each', 'share a network instead'),
} as const;

function parse(line: string, stopsAtOperand = false) {
  const args = line === '' ? [] : line.split(' ');
  return parseFlags(args, { flags: FLAGS, stopsAtOperand, command: 'run' });
}

test('all ways to write a flag', () => {
  const cases: [line: string, values: object][] = [
    ['', { detach: false, env: [], network: undefined, 'sig-proxy': true, size: undefined }],
    ['-itd', { interactive: true, tty: true, detach: true }],
    ['-d=false -i=true', { detach: false, interactive: true }],
    ['--detach=0 --tty=T', { detach: false, tty: true }],
    ['--sig-proxy=false', { 'sig-proxy': false }],
    ['-e A=b -eC=d --env E=f --env=G=h', { env: ['A=b', 'C=d', 'E=f', 'G=h'] }],
    ['-v=x -v y', { volume: ['x', 'y'] }],
    ['-ie A', { interactive: true, env: ['A'] }],
    ['-p8080:80 -p=1,2 -p 3', { publish: ['8080:80', '1', '2', '3'] }],
    ['--net host', { network: 'host' }],
    ['--network a --network=b', { network: 'b' }],
    ['--network=', { network: '' }],
    ['-n -1', { size: -1 }],
    ['-n=-1', { size: -1 }],
    ['--size 3 --cpus .5', { size: 3, cpus: 0.5 }],
    ['--quiet', { quiet: true }],
  ];
  for (const [line, values] of cases) {
    const found = parse(line).values as Record<string, unknown>;
    const asked = Object.fromEntries(Object.keys(values).map((name) => [name, found[name]]));
    assert.deepEqual(asked, values, line);
  }
});

test('operands, and where flags end', () => {
  const cases: [line: string, stops: boolean, operands: string[]][] = [
    ['a -d b', false, ['a', 'b']],
    ['-d a -x --y', true, ['a', '-x', '--y']],
    ['-- -d', false, ['-d']],
    ['-d -- a -i', true, ['a', '-i']],
    ['a -- b', true, ['a', '--', 'b']],
    ['- -d', false, ['-']],
    ['a -- -d -- b', false, ['a', '-d', '--', 'b']],
  ];
  for (const [line, stops, operands] of cases) {
    assert.deepEqual(parse(line, stops).operands, operands, line);
  }
});

test('which flags were given is known, and help is asked for anywhere before the operands', () => {
  assert.deepEqual([...parse('--net x -d=false').given].sort(), ['detach', 'network']);
  assert.equal(parse('-d --help').help, true);
  assert.equal(parse('-h').help, true);
  assert.equal(parse('image --help', true).help, false);
});

test('bad flags are errors', () => {
  const cases: [line: string, message: RegExp][] = [
    ['--bogus', /^unknown flag: --bogus$/],
    ['--bogus=1', /^unknown flag: --bogus$/],
    ['-dz', /^unknown shorthand flag: 'z' in -dz$/],
    ['--network', /^flag needs an argument: --network$/],
    ['-e', /^flag needs an argument: 'e' in -e$/],
    ['--tty=maybe', /^invalid argument "maybe" for "--tty" flag/],
    ['--size x', /^invalid argument "x" for "--size" flag: not a whole number$/],
    ['--size 1.5', /not a whole number/],
    ['--cpus x', /not a number/],
    ['--constructor', /^unknown flag/],
  ];
  for (const [line, message] of cases) {
    assert.throws(
      () => parse(line),
      (error: unknown) => {
        assert.ok(error instanceof UsageError, line);
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

test('a slip is met with a guess, a refused flag with what to do instead', () => {
  assert.throws(() => parse('--netwrok x'), { hint: /^did you mean --network\? see / });
  assert.throws(
    () => parse('--pod x'),
    (error: unknown) =>
      error instanceof UnsupportedError && error.hint === 'share a network instead',
  );
});
