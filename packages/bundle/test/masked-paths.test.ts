/** Which paths of /proc and /sys a container does not see, by --security-opt mask and unmask. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskedPaths } from '../src/masked-paths.ts';

function paths(unmask: string[], mask: string[] = [], privileged = false) {
  return maskedPaths({ privileged, security: { mask, unmask } });
}

test('unmask shows what it names, and nothing that its pattern does not fit', () => {
  const all = paths([]).masked;
  const shown = (...unmask: string[]): string[] => {
    const { masked } = paths(unmask);
    return all.filter((path) => !masked.includes(path));
  };
  assert.deepEqual(shown('/proc/kcore'), ['/proc/kcore']);
  assert.deepEqual(shown('/proc/k*'), ['/proc/kcore', '/proc/keys']);
  assert.deepEqual(shown('/proc/k*s'), ['/proc/keys']);
  assert.deepEqual(shown('/proc/k*zzz', '/proc/ke*eys', '*', '/*', '/proc/*/*', ''), []);
  assert.deepEqual(shown('all'), all);
});

test('mask hides more, also of --privileged', () => {
  assert.deepEqual(paths([], ['/x'], true), { masked: ['/x'], readOnly: [] });
  assert.equal(paths(['ALL'], ['/x']).masked.length, 1);
  assert.deepEqual(paths(['/proc/sys', '/proc/b*']).readOnly,
    ['/proc/fs', '/proc/irq', '/proc/sysrq-trigger']);
});
