/** Which capabilities flags leave a container. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '@berth/errors';
import { capabilities } from '../src/capabilities.ts';

function left(capAdd: string[], capDrop: string[], privileged = false): string[] {
  return capabilities({ capAdd, capDrop, privileged });
}

test('what is dropped is dropped, by its name or with all others, also of --privileged', () => {
  assert.deepEqual(left([], ['all']), []);
  assert.deepEqual(left(['chown'], ['ALL']), ['CAP_CHOWN']);
  assert.deepEqual(left([], ['ALL'], true), []);
  assert.deepEqual(left(['NET_ADMIN'], ['all'], true), ['CAP_NET_ADMIN']);
  assert.equal(left([], [], true).length, 41);
  assert.equal(left([], ['cap_chown'], true).includes('CAP_CHOWN'), false);
  assert.equal(left(['ALL'], []).length, 41);
});

test('names that are no capabilities are refused', () => {
  for (const name of ['', 'constructor', 'CAP_', '__proto__', 'CHOWN ']) {
    assert.throws(() => left([name], []), UsageError, name);
    assert.throws(() => left([], [name]), UsageError, name);
  }
});
