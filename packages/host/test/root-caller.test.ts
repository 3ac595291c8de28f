/** The ids that root is told to take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeIds, lineForRootIds, type Account, type OwnedIdRange } from '../src/index.ts';

const COUNT = 65_536;

function range(start: number, count = COUNT): OwnedIdRange {
  return { owner: 'ann', kind: 'uid', start, count };
}

function account(uid: number): Account {
  return { name: 'ann', uid, gid: uid, home: '/home/ann', shell: '/bin/sh' };
}

test('a range for root overlaps no other, whatever their order, and no account', () => {
  assert.deepEqual(freeIds([], []), { start: 100_000, count: COUNT });
  assert.equal(freeIds([range(165_536), range(100_000)], []).start, 231_072);
  assert.equal(freeIds([range(100_000), range(300_000)], []).start, 165_536);
  assert.equal(freeIds([range(100_000), range(231_000)], []).start, 296_536);
  assert.equal(freeIds([], [account(1000), account(100_500), account(200_000)]).start, 100_501);
  assert.equal(freeIds([range(50_000, 1_000_000)], []).start, 1_050_000);
});

test('the line adds it to both files', () => {
  assert.equal(lineForRootIds({ start: 5, count: 7 }),
    "echo 'containers:5:7' | tee -a /etc/subuid /etc/subgid");
});
