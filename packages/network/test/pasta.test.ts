/**
 * pasta's arguments: what is not asked for is off.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GUEST } from '../src/guest-addresses.ts';
import { pastaArguments } from '../src/pasta.ts';

test('names are forwarded only where the container asks for it', () => {
  const forwarding = pastaArguments([], [], true).join(' ');
  assert.ok(forwarding.includes(`--dns-forward ${GUEST.pastaNameserver}`));
  assert.ok(!pastaArguments([], [], false).includes('--dns-forward'));
});

test('no port is published that nobody asked for', () => {
  const args = pastaArguments([], [], false).join(' ');
  for (const flag of ['--tcp-ports', '--udp-ports', '--tcp-ns', '--udp-ns']) {
    assert.ok(args.includes(`${flag} none`), flag);
  }
});
