/**
 * Properties over random archives: whatever is accepted comes back byte for byte, whatever is
 * refused is refused by a named error, and nothing outside the tree is ever touched (`unpack`
 * checks that).
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { EngineError } from '@berth/errors';
import { unpackExactly } from './scratch-layer.ts';
import { archive, searching } from '@berth/testing';
import type { EntrySpec } from '@berth/testing';

const RUNS = 150;

const OWNER_BITS = process.getuid?.() === 0 ? 0 : 0o700;

/** Few names, so that entries meet: duplicates, type changes, links that others go through. */
const component = fc.constantFrom('a', 'b', 'c', '..', '.', '', '.wh.a', '.wh.b', '.wh..wh..opq');
const plainComponent = fc.constantFrom('a', 'b', 'c', '.wh.a', '.wh..wh..opq');
const name = fc.oneof(
  { weight: 8, arbitrary: fc.array(plainComponent, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(component, { maxLength: 4 }) },
).map((parts) => parts.join('/'));
const targetPart = fc.constantFrom('a', 'b', 'c', '..', '.', '');
const target = fc.array(targetPart, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/') || '.');
const body = fc.oneof(
  fc.constant(''), fc.string({ maxLength: 20 }),
  fc.integer({ min: 0, max: 2000 }).map((length) => 'z'.repeat(length)));

const entry: fc.Arbitrary<EntrySpec> = fc.record({
  name,
  flag: fc.constantFrom('0', '0', '0', '5', '5', '2', '2', '1', '6', '3', '7', 'V'),
  linkName: target,
  body,
  // What a plain user can't look into could not be compared.
  mode: fc.constantFrom(0, 0o644, 0o755, 0o4755, 0o1777).map((mode) => mode | OWNER_BITS),
  mtime: fc.integer({ min: 0, max: 2 ** 32 }),
}).map((spec) => (['0', '7', 'V'].includes(spec.flag) ? spec : { ...spec, body: '' }));

test('every archive is unpacked and given back exactly, or refused by name', async () => {
  let accepted = 0;
  await fc.assert(fc.asyncProperty(
    fc.array(entry, { maxLength: 12 }), fc.integer({ min: 1, max: 2000 }),
    async (entries, chunkBytes) => {
      accepted += await acceptedOrRefused(archive(...entries), chunkBytes);
    },
  ), searching(RUNS));
  assert(accepted > RUNS / 10, `only ${accepted} archives of ${RUNS} were accepted`);
});

test('an archive with changed bytes is unpacked and given back exactly, or refused', async () => {
  const change = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) });
  await fc.assert(fc.asyncProperty(
    fc.array(entry, { minLength: 1, maxLength: 6 }), fc.array(change, { maxLength: 4 }),
    async (entries, changes) => {
      const bytes = archive(...entries);
      for (const { at, value } of changes) bytes[at % bytes.length] = value;
      // A mode may have been hit: see OWNER_BITS.
      if (OWNER_BITS !== 0 && changes.some(({ at }) => isMode(at % bytes.length))) return;
      await acceptedOrRefused(bytes, 1 << 16);
    },
  ), searching(RUNS));
});

test('random PAX records and sparse maps are read or refused', async () => {
  const number = fc.oneof(
    fc.integer({ min: -1, max: 3000 }).map(String),
    fc.constantFrom('', '1e3', '9'.repeat(17), 'x'));
  const record = fc.tuple(
    fc.constantFrom('path', 'linkpath', 'size', 'uid', 'gid', 'mtime', 'GNU.sparse.major',
      'GNU.sparse.size', 'GNU.sparse.realsize', 'GNU.sparse.numblocks', 'GNU.sparse.offset',
      'GNU.sparse.numbytes', 'GNU.sparse.map', 'SCHILY.xattr.user.x'),
    fc.oneof(number, fc.array(number, { maxLength: 6 }).map((list) => list.join(',')), name));
  await fc.assert(fc.asyncProperty(
    fc.array(record, { minLength: 1, maxLength: 6 }), entry, body,
    async (pax, spec, more) => {
      await acceptedOrRefused(archive({ ...spec, pax }, { name: 'after', body: more }), 700);
    },
  ), searching(RUNS));
});

/** Bytes 100 to 107 of any block may be a header's mode; its first bytes may end in a slash. */
function isMode(at: number): boolean {
  return at % 512 < 108 || at % 512 === 156;
}

async function acceptedOrRefused(bytes: Buffer, chunkBytes: number): Promise<number> {
  try {
    const marks = chunkBytes % 2 === 0 ? 'overlay' : 'names';
    await unpackExactly(bytes, { chunkBytes, marks, limits: { contentBytes: 1 << 30 } });
    return 1;
  } catch (error) {
    assert(error instanceof EngineError, error as Error);
    assert.notEqual(error.code, 'LAYER_CHANGED');
    return 0;
  }
}
