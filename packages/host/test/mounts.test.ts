/** mountinfo, as proc_pid_mountinfo(5) describes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMount, parseMountinfo } from '../src/mounts.ts';

test('a line of mountinfo gives mount point, options and file system', () => {
  const text =
    '36 35 98:0 /mnt1 /mnt/with\\040blank rw,noatime master:1 shared:2 - nfs4 server:/x rw\n' +
    '37 35 0:5 / /proc rw - proc proc rw\n' +
    'nonsense\n';
  assert.deepEqual(parseMountinfo(text), [
    { mountPoint: '/mnt/with blank', options: ['rw', 'noatime'], fileSystem: 'nfs4' },
    { mountPoint: '/proc', options: ['rw'], fileSystem: 'proc' },
  ]);
});

test('the mount of a path is the nearest above it, also for what is not there', () => {
  assert.equal(findMount('/proc/self/nothing/here')?.fileSystem, 'proc');
  assert.equal(findMount('/proc')?.mountPoint, '/proc');
  assert.ok(findMount('/nothing/here'));
});
