/** Tests of what is made of the helper's standard error. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { complaintOf } from '../src/index.ts';

test('a message, with and without a hint', () => {
  assert.deepEqual(complaintOf('Error: open "f": no such file or directory\n'),
    { message: 'open "f": no such file or directory', hint: undefined });
  assert.deepEqual(complaintOf('Error: map ids: refused\nhint: ask root\n'),
    { message: 'map ids: refused', hint: 'ask root' });
  assert.deepEqual(complaintOf(''), { message: '', hint: undefined });
});

test('what other programs said before is the cause, in one line', () => {
  const said = 'newgidmap: no\nnewuidmap: no\nError: map ids: exit status 1\nhint: look\n';
  assert.deepEqual(complaintOf(said), {
    message: 'map ids: exit status 1: newgidmap: no; newuidmap: no', hint: 'look',
  });
  assert.equal(complaintOf('out of memory\nkilled').message, 'out of memory: killed');
});
