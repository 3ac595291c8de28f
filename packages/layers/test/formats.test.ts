/**
 * What tar programs have written over forty years: numbers, times, names, lengths and global
 * headers in every encoding, as single entries that no program here would make. The recipe is
 * checked in each.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { namespaceIsMissing, runInNamespace } from './in-namespace.ts';
import { kinds, unpackExactly } from './scratch-layer.ts';
import { archive } from '@berth/testing';
import type { EntrySpec } from '@berth/testing';

const directory = (name: string): EntrySpec => ({ name, flag: '5' });
const hard = (name: string, linkName: string): EntrySpec => ({ name, flag: '1', linkName });
const file = (name: string, body = 'x'): EntrySpec => ({ name, body });
const IS_ROOT = process.getuid?.() === 0;

const FIELDS = { mode: [100, 8], uid: [108, 8], gid: [116, 8], size: [124, 12], mtime: [136, 12] };

/** Writes numbers into a header as GNU tar and star do where octal digits don't suffice. */
function base256(
  numbers: Partial<Record<keyof typeof FIELDS, bigint>>,
): NonNullable<EntrySpec['edit']> {
  return (block) => {
    for (const [name, value] of Object.entries(numbers)) {
      const [at = 0, bytes = 0] = FIELDS[name as keyof typeof FIELDS];
      block.fill(value < 0n ? 0xff : 0, at, at + bytes);
      block.writeBigInt64BE(value, at + bytes - 8);
      if (value >= 0n) block[at] = (block[at] ?? 0) | 0x80;
    }
  };
}

if (IS_ROOT) {
  test('numbers of a header in base 256', async () => {
    const { tree } = await unpackExactly(archive(
      { name: 'large', edit: base256({ uid: 40_000n, gid: 60_000n }) },
      { name: 'size', body: 'x'.repeat(700), edit: base256({ size: 700n, mode: 0o4755n }) }));
    assert.equal(tree['large']?.owner, '40000:60000');
    assert.deepEqual([tree['size']?.size, tree['size']?.mode], [700, '4755']);
  });
} else {
  test('all of this holds where files can be given away', { skip: namespaceIsMissing() }, () => {
    const { status, stdout } = runInNamespace('./formats.test.ts', []);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /ok \d+ - numbers of a header in base 256/);
  });
}

test('times before 1970 and far after, in base 256 and in octal', async () => {
  const { tree } = await unpackExactly(archive(
    { name: 'past', edit: base256({ mtime: -86_400n }) },
    { name: 'future', edit: base256({ mtime: 10_000_000_000n }) },
    { name: 'epoch', mtime: 0 }, { name: 'octal', mtime: 0o77777777777 }));
  assert.deepEqual(['past', 'future', 'epoch', 'octal'].map((name) => tree[name]?.mtimeNs), [
    '-86400000000000', '10000000000000000000', '0', '8589934591000000000']);
});

test('times of PAX records, to the nanosecond and negative', async () => {
  const times = {
    '1600000000.123456789': '1600000000123456789', '1600000000.5': '1600000000500000000',
    '-1.25': '-1250000000', '-0.000000001': '-1', '0': '0', '7.': '7000000000',
    '12345.1234567899': '12345123456789',
  };
  for (const [text, nanoseconds] of Object.entries(times)) {
    const pax = [['mtime', text]] as const;
    const { tree } = await unpackExactly(archive(
      { ...file('f'), pax }, { ...directory('d'), pax }, file('d/later'),
      { name: 'l', flag: '2', linkName: 'f', pax }));
    for (const name of ['f', 'd', 'l']) assert.equal(tree[name]?.mtimeNs, nanoseconds, text);
  }
});

test('a global header holds for what follows, until it is changed or taken back', async () => {
  const { tree } = await unpackExactly(archive(
    { ...file('a'), globalPax: [['mtime', '77'], ['comment', 'of git archive'], ['path', 'no']] },
    { ...file('b'), pax: [['mtime', '78']] }, file('c'), { ...file('d'), pax: [['mtime', '']] },
    { ...file('e'), mtime: 80, globalPax: [['mtime', '']] }));
  const seconds = ['a', 'b', 'c', 'e'].map((name) => Number(tree[name]?.mtimeNs) / 1e9);
  assert.deepEqual(seconds, [77, 78, 77, 80]);
  assert.deepEqual(Object.keys(tree), ['.', 'a', 'b', 'c', 'd', 'e']);
});

test('long names and links of GNU, of PAX, and of both at once', async () => {
  const long = `${'d'.repeat(150)}/${'f'.repeat(200)}`;
  const target = 't'.repeat(1000);
  const { tree } = await unpackExactly(archive(
    { ...file('short'), longName: long },
    { name: 'hard', flag: '1', longName: `${long}-hard`, longLink: long },
    { name: 'soft', flag: '2', longName: `${long}-soft`, longLink: target },
    { name: 'x', flag: '2', pax: [['path', `${long}-pax`], ['linkpath', target]] },
    { ...file('x'), longName: 'loses', pax: [['path', 'wins']] }));
  assert.equal(tree[`${long}-hard`]?.sameAs, long);
  assert.equal(tree[`${long}-soft`]?.content, target);
  assert.equal(tree[`${long}-pax`]?.content, target);
  assert.deepEqual([tree['wins']?.type, tree['loses']], ['file', undefined]);
});

test('every byte that a name may hold', async () => {
  const all = Array.from({ length: 255 }, (_, index) => index + 1);
  const bytes = all.filter((byte) => byte !== 0x2f);
  const { tree } = await unpackExactly(archive(...bytes.map((byte): EntrySpec => ({
    ...file('xx', `${byte}`), edit: (block) => { block[0] = byte; },
  }))));
  for (const byte of bytes) {
    assert.equal(tree[`${String.fromCharCode(byte)}x`]?.size, `${byte}`.length, `byte ${byte}`);
  }
});

test('components of 255 bytes, paths of 4,095, and a thousand levels', async () => {
  const component = 'c'.repeat(255);
  const longest = `${`${component}/`.repeat(15)}${'e'.repeat(255)}`;
  const deep = 'd/'.repeat(1000);
  const { tree, result } = await unpackExactly(archive(
    { ...file('x', 'far'), pax: [['path', longest]] },
    { ...directory('x'), pax: [['path', deep]] },
    { ...file('x', 'down'), pax: [['path', `${deep}f`]] },
    { name: 'x', flag: '1', pax: [['path', `${deep}h`], ['linkpath', longest]] }));
  assert.equal(longest.length, 4095);
  assert.equal(tree[`${deep}h`]?.size, 3);
  assert.equal(tree[`${deep}f`]?.size, 4);
  assert.equal(result.counts.impliedDirectories, 15 + 999);
});

test('hard links across whiteouts, to links, and to files replaced later', async () => {
  const { tree } = await unpackExactly(archive(
    file('.wh.f'), file('f', 'one'), hard('h', 'f'), file('.wh.h'),
    { name: 'l', flag: '2', linkName: 'f' }, hard('m', 'l'),
    file('d/.wh..wh..opq'), hard('d/g', 'h'), file('.wh.d'), file('f', 'other')));
  assert.deepEqual(kinds(tree), {
    '.': 'directory', d: 'directory', 'd/g': 'file', f: 'file', h: 'file', l: 'symlink',
    m: 'symlink',
  });
  assert.deepEqual([tree['h']?.sameAs, tree['m']?.sameAs], ['d/g', 'l']);
  assert.deepEqual([tree['f']?.size, tree['h']?.size], [5, 3]);
});

test('attributes hold any bytes, newlines and NULs, on files and directories', async () => {
  const value = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const lines = '\n9 path=x\n\n';
  const pax: EntrySpec['pax'] = [
    ['SCHILY.xattr.user.all', value], ['SCHILY.xattr.user.empty', ''],
    ['SCHILY.xattr.user.lines', lines]];
  const { tree } = await unpackExactly(archive(
    { ...file('f'), pax }, { ...directory('d'), pax }, file('d/f')));
  for (const name of ['f', 'd']) {
    assert.equal(tree[name]?.attributes['user.all'], value.toString('hex'));
    assert.equal(tree[name]?.attributes['user.lines'], Buffer.from(lines).toString('hex'));
  }
});

test('types that other programs write: contiguous files, NUL as type, volume labels', async () => {
  const { tree } = await unpackExactly(archive(
    { ...file('contiguous'), flag: '7' }, { ...file('v7'), flag: '\0', magic: Buffer.alloc(8) },
    { name: 'label', flag: 'V' },
    { name: 'incremental', flag: 'D', mode: 0o755, body: 'Yname\0\0' }));
  assert.deepEqual(kinds(tree), {
    '.': 'directory', contiguous: 'file', incremental: 'directory', v7: 'file',
  });
});
