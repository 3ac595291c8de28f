/** Flags that undo each other, and names and addresses that are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '@berth/errors';
import { CONTAINER_FLAGS } from '../../src/flags/container-flags.ts';
import { parseFlags } from '../../src/flags/parse-flags.ts';
import { refuseContradictions } from '../../src/request/contradictions.ts';
import { checkedDomain, checkedHost, checkedNameserver } from '../../src/request/names.ts';

function check(line: string): void {
  const options = { flags: CONTAINER_FLAGS, stopsAtOperand: true, command: 'run' };
  refuseContradictions(parseFlags(line.split(' '), options).values);
}

test('flags that undo each other are refused', () => {
  for (const line of [
    '--no-hosts --add-host a:192.0.2.1',
    '--uts host --hostname box',
    '--uts container:web --hostname box',
    '--ipc host --shm-size 1m',
    '--cap-add net_raw --cap-drop CAP_NET_RAW',
    '--cap-add all --cap-drop ALL',
  ]) assert.throws(() => check(line), UsageError, line);
});

test('flags that narrow each other are not', () => {
  for (const line of [
    '--cap-drop all --cap-add net_raw',
    '--cap-add all --cap-drop net_raw',
    '--add-host a:192.0.2.1 --uts host --ipc host',
    '--hostname box --shm-size 1m --ipc shareable',
  ]) check(line);
});

test('addresses and domains are ones', () => {
  const good = ['a:192.0.2.1', 'a:[::1]', 'a:::1', 'a;b:192.0.2.1', 'a:host-gateway'];
  assert.deepEqual(good.map(checkedHost), good);
  assert.throws(() => checkedHost('a:b'), UsageError);
  assert.deepEqual(['none', '::1', '192.0.2.1'].map(checkedNameserver),
    ['none', '::1', '192.0.2.1']);
  assert.throws(() => checkedNameserver('example.org'), UsageError);
  assert.deepEqual(['.', 'example.org', '_x.y.'].map(checkedDomain), ['.', 'example.org', '_x.y.']);
  for (const bad of ['a b', 'a..b', 'a\nnameserver 192.0.2.1']) {
    assert.throws(() => checkedDomain(bad), UsageError, bad);
  }
});
