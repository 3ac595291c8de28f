/** Tests of unpacking: what trees come of which archives. The recipe is checked in each. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { IntegrityError } from '@berth/errors';
import { kinds, unpack, unpackExactly } from './scratch-layer.ts';
import { archive, entryBytes } from '@berth/testing';
import type { EntrySpec } from '@berth/testing';

const WHITEOUT = 'character 0';
const OPAQUE = { 'user.overlay.opaque': '79' };

const directory = (name: string, more: Partial<EntrySpec> = {}): EntrySpec =>
  ({ name, flag: '5', mode: 0o755, ...more });
const link = (name: string, linkName: string): EntrySpec => ({ name, flag: '2', linkName });
const hard = (name: string, linkName: string): EntrySpec => ({ name, flag: '1', linkName });
const file = (name: string, body = ''): EntrySpec => ({ name, body });

test('files, directories, links, hard links and fifos are made as described', async () => {
  const { tree, result } = await unpackExactly(archive(
    directory('d/', { mode: 0o1777, mtime: 1000 }),
    { name: 'd/f', body: 'content', mode: 0o4711, mtime: 2000 },
    link('d/l', '../nowhere'), hard('d/h', 'd/f'), { name: 'd/p', flag: '6', mode: 0o620 },
  ));
  assert.deepEqual(kinds(tree), {
    '.': 'directory', d: 'directory', 'd/f': 'file', 'd/h': 'file', 'd/l': 'symlink',
    'd/p': 'fifo',
  });
  assert.equal(tree['d']?.mode, '1777');
  assert.equal(tree['d']?.mtimeNs, '1000000000000');
  assert.equal(tree['d/f']?.mode, '4711');
  assert.equal(tree['d/h']?.sameAs, 'd/f');
  assert.equal(tree['d/l']?.content, '../nowhere');
  assert.equal(tree['d/p']?.mode, '620');
  assert.deepEqual(result.counts, {
    entries: 5, files: 1, directories: 1, symlinks: 1, hardLinks: 1, fifos: 1,
    skippedDevices: 0, whiteouts: 0, opaqueDirectories: 0, skippedAttributes: 0,
    impliedDirectories: 0,
  });
});

test('digests and sizes are those of the blob and of the archive', async () => {
  const plain = archive(file('f', 'x'));
  const packed = gzipSync(plain);
  const { result } = await unpack(packed);
  assert.equal(result.diffId, sha256(plain));
  assert.equal(result.blobDigest, sha256(packed));
  assert.deepEqual(
    [result.archiveBytes, result.blobBytes, result.contentBytes, result.compression],
    [plain.length, packed.length, 1, 'gzip']);
});

test('the tree does not depend on how the blob is cut into chunks', async () => {
  const bytes = archive(
    directory('a'), file('a/one', 'x'.repeat(700)), { name: 'b', longName: `${'long/'.repeat(40)}f`,
      body: 'y'.repeat(512) }, link('c', 'a'));
  const { tree } = await unpackExactly(bytes);
  for (const chunkBytes of [1, 7, 511, 512, 513, 1000]) {
    const { tree: other } = await unpackExactly(bytes, { chunkBytes });
    assert.deepEqual(kinds(other), kinds(tree));
    const { tree: inflated, result } = await unpack(gzipSync(bytes), { chunkBytes });
    assert.deepEqual(kinds(inflated), kinds(tree));
    assert.equal(result.blobDigest, sha256(gzipSync(bytes)));
  }
});

test('a missing parent is made with mode 755 and counted', async () => {
  const { tree, result } = await unpackExactly(archive(file('a/b/c', 'x')));
  assert.equal(tree['a']?.mode, '755');
  assert.equal(tree['a/b']?.mode, '755');
  assert.equal(result.counts.impliedDirectories, 2);
});

test('a whiteout becomes the device 0:0, an opaque mark an attribute', async () => {
  const { tree, result } = await unpackExactly(archive(
    file('etc/.wh.gone'), directory('opt'), file('opt/.wh..wh..opq'), file('opt/new', 'n')));
  assert.deepEqual(kinds(tree), {
    '.': 'directory', etc: 'directory', 'etc/gone': WHITEOUT, opt: 'directory', 'opt/new': 'file',
  });
  assert.deepEqual(tree['opt']?.attributes, OPAQUE);
  assert.deepEqual([result.counts.whiteouts, result.counts.opaqueDirectories], [1, 1]);
});

test('an entry and its own whiteout give the entry, whichever comes first', async () => {
  for (const entries of [[file('.wh.f'), file('f', 'x')], [file('f', 'x'), file('.wh.f')]]) {
    const { tree } = await unpackExactly(archive(...entries));
    assert.deepEqual(kinds(tree), { '.': 'directory', f: 'file' });
  }
  for (const entries of [[file('.wh.d'), directory('d')], [directory('d'), file('.wh.d')]]) {
    const { tree } = await unpackExactly(archive(...entries));
    assert.deepEqual(tree['d']?.attributes, OPAQUE);
  }
});

test('where overlay reads nothing, marks are the files that archives have', async () => {
  const marks = 'names';
  const { tree } = await unpackExactly(archive(
    file('etc/.wh.gone'), directory('opt'), file('opt/.wh..wh..opq'), file('opt/new', 'n'),
    file('.wh.f'), file('f', 'x'), file('.wh.d'), file('d/f', 'x'), file('g', 'x'),
    file('.wh.g')), { marks });
  assert.deepEqual(kinds(tree), {
    '.': 'directory', etc: 'directory', 'etc/.wh.gone': 'file', opt: 'directory',
    'opt/.wh..wh..opq': 'file', 'opt/new': 'file', f: 'file', d: 'directory', 'd/f': 'file',
    'd/.wh..wh..opq': 'file', g: 'file',
  });
  const again = [file('d/.wh.x'), directory('d/e'), file('d/e/.wh..wh..opq'), file('d', 'x')];
  const { tree: replaced } = await unpackExactly(archive(...again), { marks });
  assert.deepEqual(kinds(replaced), { '.': 'directory', d: 'file' });
});

test('a parent that a whiteout hides is made anew, and opaque', async () => {
  const { tree } = await unpackExactly(archive(file('.wh.d'), file('d/f', 'x')));
  assert.deepEqual(kinds(tree), { '.': 'directory', d: 'directory', 'd/f': 'file' });
  assert.deepEqual(tree['d']?.attributes, OPAQUE);
});

test('notes of aufs never reach the tree', async () => {
  const { tree } = await unpackExactly(archive(
    directory('.wh..wh.plnk'), file('.wh..wh.plnk/1.2', 'x'), file('.wh..wh.aufs')));
  assert.deepEqual(kinds(tree), { '.': 'directory' });
});

test('of duplicate entries the last one wins, and the recipe keeps the others', async () => {
  const { tree } = await unpackExactly(archive(
    file('f', 'first'), hard('h', 'f'), file('f', 'second'), file('f', 'third'), file('f')));
  assert.equal(tree['f']?.size, 0);
  assert.equal(tree['h']?.size, 5);
});

test('every type can replace every other, whole trees included', async () => {
  const makers: Record<string, EntrySpec[]> = {
    file: [file('x', 'file')],
    directory: [directory('x'), file('x/inside', 'payload'), directory('x/d')],
    symlink: [link('x', 'target')],
    fifo: [{ name: 'x', flag: '6' }],
    hardlink: [file('other', 'o'), hard('x', 'other')],
    whiteout: [file('.wh.x')],
  };
  for (const [first, before] of Object.entries(makers)) {
    for (const [second, after] of Object.entries(makers)) {
      const { tree } = await unpackExactly(archive(...before, ...after));
      const expected = second === 'whiteout' ? first : second;
      const type = { hardlink: 'file', whiteout: WHITEOUT }[expected] ?? expected;
      assert.equal(tree['x']?.type, type, `${first} then ${second}`);
      const kept = first === 'directory' && (second === 'directory' || second === 'whiteout');
      assert.equal(tree['x/inside'] !== undefined, kept || second === 'directory');
    }
  }
});

test('a directory that replaces something else hides what lower layers have', async () => {
  const { tree } = await unpackExactly(archive(file('x'), directory('x')));
  assert.deepEqual(tree['x']?.attributes, OPAQUE);
});

test('a file replaced together with its directory is kept in the recipe', async () => {
  const body = 'large'.repeat(200_000);
  const { tree } = await unpackExactly(archive(
    directory('d'), file('d/f', body), file('d/g', 'small'), file('d', 'now a file')));
  assert.deepEqual(kinds(tree), { '.': 'directory', d: 'file' });
});

test('entries below a link of the layer land in its target', async () => {
  const { tree } = await unpackExactly(archive(
    directory('usr/lib'), link('lib', 'usr/lib'), file('lib/x', '1'), link('abs', '/usr'),
    file('abs/lib/y', '2'), link('up', '../../../usr'), file('up/z', '3')));
  assert.deepEqual(
    Object.keys(tree).sort(),
    ['.', 'abs', 'lib', 'up', 'usr', 'usr/lib', 'usr/lib/x', 'usr/lib/y', 'usr/z']);
});

test('devices are left to the recipe, and replace what was there', async () => {
  const device = (name: string, flag: string): EntrySpec => ({
    name, flag, edit: (block) => block.write('0000000', 329),
  });
  const { tree, result } = await unpackExactly(archive(
    file('null', 'x'), device('null', '3'), device('zero', '3'), device('sda', '4')));
  assert.deepEqual(kinds(tree), { '.': 'directory' });
  assert.equal(result.counts.skippedDevices, 3);
});

test('the root may be described, under any of its names', async () => {
  for (const name of ['./', '/', '.', './/.']) {
    const { tree } = await unpackExactly(archive(directory(name, { mode: 0o711, mtime: 77 })));
    assert.equal(tree['.']?.mode, '711');
    assert.equal(tree['.']?.mtimeNs, '77000000000');
  }
});

test('attributes are set, save those that would deceive overlay or this program', async () => {
  const pax: [string, string][] = [
    ['SCHILY.xattr.user.kept', 'a\0b'], ['LIBARCHIVE.xattr.user.also%20kept', 'AQI='],
    ['SCHILY.xattr.user.overlay.opaque', 'y'], ['SCHILY.xattr.trusted.overlay.opaque', 'y'],
    ['SCHILY.xattr.user.berth.owner', '0'], ['SCHILY.xattr.system.nfs4_acl', 'x'],
  ];
  const { tree, result } = await unpackExactly(archive(directory('d/', { pax })));
  assert.deepEqual(tree['d']?.attributes, { 'user.kept': '610062', 'user.also kept': '0102' });
  assert.equal(result.counts.skippedAttributes, 4);
});

test('names are bytes and come back as they were', async () => {
  const { tree } = await unpackExactly(archive(
    { name: 'x', edit: (block) => block.set([0x66, 0xff, 0xe9, 0x01], 0) }, file('größe', 'x')));
  assert.deepEqual(Object.keys(tree).sort(), [
    '.', 'f\xff\xe9\x01', Buffer.from('größe').toString('latin1')].sort());
});

test('sparse files of every encoding have holes and come back exactly', async () => {
  const data = 'D'.repeat(600);
  const map = (numbers: readonly number[]): string => numbers.join(',');
  const cases: EntrySpec[] = [
    { name: 'f', body: data, pax: [
      ['GNU.sparse.size', '5000'], ['GNU.sparse.numblocks', '2'],
      ['GNU.sparse.offset', '100'], ['GNU.sparse.numbytes', '500'],
      ['GNU.sparse.offset', '4900'], ['GNU.sparse.numbytes', '100']] },
    { name: 'x', body: data, pax: [
      ['GNU.sparse.name', 'f'], ['GNU.sparse.size', '5000'], ['GNU.sparse.numblocks', '2'],
      ['GNU.sparse.map', map([100, 500, 4900, 100])]] },
    { name: 'x', body: `${'2\n100\n500\n4900\n100\n'.padEnd(512, '\0')}${data}`, pax: [
      ['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0'], ['GNU.sparse.name', 'f'],
      ['GNU.sparse.realsize', '5000']] },
    { name: 'f', flag: 'S', body: data, magic: Buffer.from('ustar  \0'), edit: (block) => {
      [100, 500, 4900, 100].forEach((number, index) =>
        block.write(number.toString(8).padStart(11, '0'), 386 + 12 * index));
      block.write((5000).toString(8).padStart(11, '0'), 483);
    } },
  ];
  const expected = Buffer.alloc(5000);
  expected.fill('D', 100, 600).fill('D', 4900, 5000);
  const content = createHash('sha256').update(expected).digest('hex');
  for (const spec of cases) {
    for (const chunkBytes of [300, 1 << 18]) {
      const { tree } = await unpackExactly(archive(spec, hard('h', 'f')), { chunkBytes });
      assert.equal(tree['f']?.size, 5000);
      assert.equal(tree['f']?.content, content);
    }
    const { tree } = await unpackExactly(archive(spec, file('f', 'replaced')));
    assert.equal(tree['f']?.size, 8);
  }
});

test('a file whose name ends in a slash is a directory, and its body is skipped', async () => {
  const { tree } = await unpackExactly(archive(
    { ...file('d/', 'x'.repeat(600)), mode: 0o755 }, file('d/f', 'y')));
  assert.deepEqual(kinds(tree), { '.': 'directory', d: 'directory', 'd/f': 'file' });
});

test('a size given for a link or a directory is not a body', async () => {
  const sizeField = Buffer.from('00000001000\0');
  const { tree } = await unpackExactly(archive(
    directory('d', { sizeField }), { ...link('l', 'd'), sizeField }, file('f', 'x')));
  assert.deepEqual(Object.keys(tree), ['.', 'd', 'f', 'l']);
});

test('an archive without its two last blocks is whole, one cut elsewhere is not', async () => {
  const bytes = entryBytes(file('f', 'x'.repeat(600)));
  await unpackExactly(bytes);
  for (const length of [1, 511, 513, 600, 1100, 1111]) {
    await assert.rejects(unpack(bytes.subarray(0, length)), IntegrityError);
  }
});

test('the padding of the last file may be absent, as in layers of umoci insert', async () => {
  const bytes = entryBytes(file('f', 'x'.repeat(600)));
  for (const length of [1112, 1113, 1535]) {
    const { tree } = await unpackExactly(bytes.subarray(0, length));
    assert.deepEqual(Object.keys(tree), ['.', 'f']);
  }
});

test('what follows the end of the archive belongs to it, and makes nothing', async () => {
  const bytes = Buffer.concat([archive(file('f')), entryBytes(file('smuggled')), Buffer.from('x')]);
  const { tree } = await unpackExactly(bytes);
  assert.deepEqual(Object.keys(tree), ['.', 'f']);
});

test('an empty archive gives an empty layer', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(1024), Buffer.alloc(10240)]) {
    const { tree } = await unpackExactly(bytes);
    assert.deepEqual(Object.keys(tree), ['.']);
  }
});

test('a layer whose content is not the expected one is refused', async () => {
  const bytes = archive(file('f'));
  const { result } = await unpack(bytes);
  await unpackExactly(bytes, { expectedDiffId: result.diffId });
  await assert.rejects(unpack(bytes, { expectedDiffId: `sha256:${'0'.repeat(64)}` }),
    { code: 'DIFF_ID_MISMATCH' });
});

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
