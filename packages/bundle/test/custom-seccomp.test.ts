/** Seccomp profiles from files: what they mean in the line format, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '@berth/errors';
import fc from 'fast-check';
import { searching } from '@berth/testing';
import { customSeccomp } from '../src/custom-seccomp.ts';
import { seccompText } from '../src/seccomp-text.ts';

const FACTS = { architecture: 'amd64', capabilities: ['CAP_CHOWN'] };

function rulesOf(...syscalls: unknown[]): string[] {
  const profile = customSeccomp({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }, FACTS);
  return seccompText(profile).split('\n').filter((line) => line.startsWith('rule '));
}

const ERRNO = { names: ['kill'], action: 'SCMP_ACT_ERRNO' };

test('all conditions of a rule must hold; of two about one argument one must, as with runc', () => {
  const one = { index: 1, op: 'SCMP_CMP_EQ', value: 10 };
  const other = { index: 2, op: 'SCMP_CMP_NE', value: 0 };
  const masked = { index: 1, op: 'SCMP_CMP_MASKED_EQ', value: 2 ** 40, valueTwo: 2 ** 63 };
  assert.deepEqual(rulesOf({ ...ERRNO, args: [one, other] }), ['rule errno=1 kill 1 == 10 2 != 0']);
  assert.deepEqual(rulesOf({ ...ERRNO, args: [one, masked] }),
    ['rule errno=1 kill 1 == 10', 'rule errno=1 kill 1 & 1099511627776 9223372036854775808']);
  assert.deepEqual(rulesOf({ ...ERRNO, args: null }), ['rule errno=1 kill']);
});

test("Docker's conditions choose rules by architecture and capability", () => {
  const rule = (conditions: object): number => rulesOf({ ...ERRNO, ...conditions }).length;
  assert.equal(rule({ includes: { caps: ['CAP_CHOWN'] }, excludes: {} }), 1);
  assert.equal(rule({ includes: { caps: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] } }), 0);
  assert.equal(rule({ excludes: { caps: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] } }), 0);
  assert.equal(rule({ includes: { arches: ['arm64'] } }), 0);
  assert.equal(rule({ includes: { arches: null }, excludes: { arches: ['amd64'] } }), 0);
});

test("a rule that can't be understood is an error", () => {
  const argument = { index: 0, op: 'SCMP_CMP_EQ', value: 1 };
  const odd: unknown[] = [
    null, 'kill', [], {}, { names: ['kill'] }, { action: 'SCMP_ACT_ERRNO' },
    { ...ERRNO, names: 'kill' }, { ...ERRNO, names: [1] }, { ...ERRNO, args: {} },
    { ...ERRNO, args: [null] }, { ...ERRNO, args: [{ ...argument, op: 'constructor' }] },
    { ...ERRNO, args: [{ ...argument, index: 6 }] },
    { ...ERRNO, args: [{ ...argument, value: -1 }] },
    { ...ERRNO, args: [{ ...argument, value: 1.5 }] },
    { ...ERRNO, includes: { caps: 'CAP_CHOWN' } },
    { ...ERRNO, action: 'SCMP_ACT_TRACE' },
  ];
  for (const rule of odd) assert.throws(() => rulesOf(rule), UsageError, JSON.stringify(rule));
  const profile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: { ...ERRNO } };
  assert.throws(() => customSeccomp(profile, FACTS), UsageError);
});

test('no document is more than a profile or an error', () => {
  fc.assert(fc.property(fc.jsonValue(), fc.array(fc.jsonValue()), (document, rules) => {
    for (const syscalls of [document, rules]) {
      try {
        rulesOf(...(Array.isArray(syscalls) ? syscalls : [syscalls]));
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
      }
    }
  }), searching(300));
});
