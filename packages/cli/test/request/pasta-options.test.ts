/** Options of pasta, configured and typed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTyped } from '../../src/request/pasta-options.ts';

test('a typed option replaces the configured one with its value, however it is written', () => {
  const cases: [configured: string[], typed: string[], all: string[]][] = [
    [['--mtu', '1400', '-4'], ['-m', '1300'], ['-4', '-m', '1300']],
    [['--mtu=1400', '-4'], ['--mtu', '1300'], ['-4', '--mtu', '1300']],
    [['-m1400', '-4'], ['--mtu=1300'], ['-4', '--mtu=1300']],
    [['--mtu', '1400'], ['-T', '80'], ['--mtu', '1400', '-T', '80']],
    [['-T', '80', '--mtu', '1400'], ['-T', '81'], ['--mtu', '1400', '-T', '81']],
    [['-4'], ['-4'], ['-4']],
    [['--mtu', '1400'], [], ['--mtu', '1400']],
  ];
  for (const [configured, typed, all] of cases) {
    assert.deepEqual(withTyped(configured, typed), all);
  }
});
