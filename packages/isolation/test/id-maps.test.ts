/** Which ids containers get, from whom the caller is and what there is. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseIdMaps, type IdMapFacts } from '../src/index.ts';

const HELPERS = { newuidmap: '/usr/bin/newuidmap', newgidmap: '/usr/bin/newgidmap' };
const MACHINE: IdMapFacts['namespace'] = {
  uids: [{ start: 1, count: 0xfffffffe }],
  gids: [{ start: 1, count: 0xfffffffe }],
  hostRoot: 0,
  mayMapIds: false,
  mayMapRoot: false,
};
/** As a rootless engine makes it. */
const CONTAINER: IdMapFacts['namespace'] = {
  uids: [{ start: 0, count: 1 }, { start: 1, count: 65_536 }],
  gids: [{ start: 0, count: 1 }, { start: 1, count: 65_536 }],
  hostRoot: undefined,
  mayMapIds: true,
  mayMapRoot: true,
};
const ANN: IdMapFacts = {
  uid: 1000, gid: 1000, forRoot: false, ...HELPERS, namespace: MACHINE,
  uidRanges: [{ start: 100_000, count: 10 }, { start: 200_000, count: 5 }],
  gidRanges: [{ start: 100_000, count: 10 }],
};
const ROOT: IdMapFacts = { ...ANN, uid: 0, gid: 0, uidRanges: [], gidRanges: [] };

test('a user is root, and the ranges come after', () => {
  const { tier, uids, gids, helpers } = chooseIdMaps(ANN);
  assert.equal(tier, 'full');
  assert.deepEqual(uids, [
    { inside: 0, outside: 1000, count: 1 },
    { inside: 1, outside: 100_000, count: 10 },
    { inside: 11, outside: 200_000, count: 5 },
  ]);
  assert.equal(gids.length, 2);
  assert.deepEqual(helpers, HELPERS);
});

test('without ranges or helpers a user has one id', () => {
  for (const facts of [{ ...ANN, gidRanges: [] }, { ...ANN, newgidmap: undefined }]) {
    const { tier, uids, helpers } = chooseIdMaps(facts);
    assert.equal(tier, 'single');
    assert.deepEqual(uids, [{ inside: 0, outside: 1000, count: 1 }]);
    assert.equal(helpers, undefined);
  }
});

test('root of the machine is refused, under whatever number', () => {
  assert.throws(() => chooseIdMaps({ ...ROOT, namespace: MACHINE }), { code: 'ROOT_CALLER' });
  const renamed = { ...CONTAINER, hostRoot: 5 };
  assert.throws(() => chooseIdMaps({ ...ANN, uid: 5, namespace: renamed }),
    { code: 'ROOT_CALLER' });
  assert.throws(() => chooseIdMaps({ ...ROOT, namespace: { ...CONTAINER, hostRoot: 0 } }),
    { code: 'ROOT_CALLER' });
});

test("the machine's root has become the first of his ids, and has these alone", () => {
  const facts = { ...ANN, uid: 100_000, gid: 100_000, forRoot: true };
  const { tier, uids, gids, helpers } = chooseIdMaps(facts);
  assert.equal(tier, 'full');
  assert.deepEqual(uids, [
    { inside: 0, outside: 100_000, count: 10 },
    { inside: 10, outside: 200_000, count: 5 },
  ]);
  assert.deepEqual(gids, [{ inside: 0, outside: 100_000, count: 10 }]);
  assert.equal(helpers, undefined);
});

test('root of a container maps its ids as they are, extent by extent', () => {
  const { tier, uids, helpers } = chooseIdMaps({ ...ROOT, namespace: CONTAINER });
  assert.equal(tier, 'full');
  assert.deepEqual(uids, [
    { inside: 0, outside: 0, count: 1 }, { inside: 1, outside: 1, count: 65_536 },
  ]);
  assert.equal(helpers, undefined);
});

test('root of a container with less has one id, or is told what it lacks', () => {
  const one = [{ inside: 0, outside: 0, count: 1 }];
  const alone = { ...CONTAINER, uids: [{ start: 0, count: 1 }] };
  for (const namespace of [alone, { ...CONTAINER, mayMapIds: false }]) {
    const { tier, uids, gids } = chooseIdMaps({ ...ROOT, namespace });
    assert.equal(tier, 'single');
    assert.deepEqual([uids, gids], [one, one]);
  }
  assert.equal(chooseIdMaps({ ...ROOT, namespace: CONTAINER }).refusal, undefined);
  const { refusal } = chooseIdMaps({ ...ROOT, namespace: { ...CONTAINER, mayMapRoot: false } });
  assert.equal(refusal?.code, 'NO_SETFCAP');
});
