/**
 * Archives that try to leave the layer, to deceive readers or to exhaust them. `unpack` checks
 * each time that nothing outside the tree was touched; it does not chroot, so that the path rules
 * alone have to hold.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { IntegrityError } from '@berth/errors';
import { unpack, unpackExactly } from './scratch-layer.ts';
import { archive, entryBytes, padded, paxBody } from '@berth/testing';
import type { EntrySpec } from '@berth/testing';

const link = (name: string, linkName: string): EntrySpec => ({ name, flag: '2', linkName });
const hard = (name: string, linkName: string): EntrySpec => ({ name, flag: '1', linkName });
const file = (name: string, body = 'x'): EntrySpec => ({ name, body });
const field = (text: string): Buffer => Buffer.from(text.padEnd(12, '\0'), 'latin1');
const pax = (key: string, value: string): EntrySpec =>
  ({ name: 'f', body: 'x', pax: [[key, value]] });

const refused: Record<string, Buffer> = {
  'a name that goes up': archive(file('../berth-escaped')),
  'a name that goes up in its middle': archive(file('a/../../berth-escaped')),
  'a PAX name that goes up': archive(pax('path', '../../tmp/berth-escaped')),
  'a GNU long name that goes up': archive({ name: 'f', longName: '../berth-escaped', body: 'x' }),
  'a prefix that goes up': archive({ name: 'berth-escaped', prefix: '..', body: 'x' }),
  'a sparse name that goes up': archive({ name: 'f', body: 'x', pax: [
    ['GNU.sparse.name', '../berth-escaped'], ['GNU.sparse.size', '1'],
    ['GNU.sparse.map', '0,1'], ['GNU.sparse.numblocks', '1']] }),
  'a whiteout of the parent': archive(file('a/.wh...')),
  'a whiteout of the directory itself': archive(file('a/.wh..')),
  'a whiteout of nothing': archive(file('a/.wh.')),
  'a whiteout used as a directory': archive(file('.wh.a/b')),
  'the root as a link': archive(link('.', '/tmp')),
  'the root as a link, named /': archive(link('/', '/tmp')),
  'the root as a file': archive(file('./.')),
  'the root as a hard link': archive(file('f'), hard('.', 'f')),
  'the root as a fifo': archive({ name: './', flag: '6' }),
  'a hard link to a file outside': archive(hard('f', '/etc/passwd')),
  'a hard link that goes up': archive(hard('f', '../canary')),
  'a hard link to a directory': archive({ name: 'd', flag: '5' }, hard('f', 'd')),
  'a hard link to the root': archive(hard('f', '.')),
  'a hard link through an absolute link': archive(
    { name: 'd', flag: '5' }, file('d/f'), link('l', '/d'), hard('h', 'l/f')),
  'a hard link through a link that goes up': archive(
    { name: 'd', flag: '5' }, file('d/f'), link('d/l', '../d'), hard('h', 'd/l/f')),
  'a hard link through a link to the host': archive(link('l', '/etc'), hard('h', 'l/passwd')),
  'a hard link to a whiteout': archive(file('.wh.gone'), hard('h', 'gone')),
  'a file below a file': archive(file('f'), file('f/g')),
  'a file below a link to a file': archive(file('f'), link('l', 'f'), file('l/g')),
  'a loop of links': archive(link('a', 'b'), link('b', 'a'), file('a/f')),
  'a link to itself': archive(link('a', 'a/a'), file('a/f')),
  'a link to nothing at all': archive(link('a', '')),
  'a NUL in a PAX name': archive(pax('path', 'f\0../../berth-escaped')),
  'a NUL in a PAX link': archive({ name: 'l', flag: '2', pax: [['linkpath', 'a\0b']] }),
  'a name of more than 255 bytes': archive(pax('path', 'n'.repeat(256))),
  'a path of more than 4095 bytes': archive(pax('path', 'n/'.repeat(2049))),
  'a negative size': archive({ name: 'f', sizeField: Buffer.alloc(12, 0xff) }),
  'a size with a sign': archive({ name: 'f', sizeField: field('-0000000001') }),
  'a size with a hexadecimal digit': archive({ name: 'f', sizeField: field('0000000000a') }),
  'a size beyond all integers': archive({
    name: 'f', sizeField: Buffer.from('80ffffffffffffffffffffff', 'hex') }),
  'a size of an exbibyte': archive({
    name: 'f', sizeField: Buffer.from('800000000010000000000000', 'hex') }),
  'a PAX size that is negative': archive(pax('size', '-1')),
  'a PAX size in another base': archive(pax('size', '0x10')),
  'a PAX size of more than the archive has': archive(pax('size', '99999')),
  'a PAX uid of -1': archive(pax('uid', '4294967295')),
  'a PAX uid beyond 32 bits': archive(pax('uid', '4294967296')),
  'a PAX time that is no number': archive(pax('mtime', '1e9')),
  'a wrong checksum': archive({ name: 'f', badChecksum: true }),
  'an unknown type': archive({ name: 'f', flag: 'M' }),
  'an entry behind one block of zeros': Buffer.concat([
    entryBytes(file('a')), Buffer.alloc(512), entryBytes(file('b'))]),
  'an extension without an entry': Buffer.concat([
    entryBytes({ name: 'x', flag: 'x', body: paxBody([['path', 'f']]) })]),
  'random bytes': Buffer.alloc(2048, 'no archive'),
  'a file cut in its payload': archive(file('f', 'x'.repeat(5000))).subarray(0, 3000),
};
const badMaps: Record<string, [string, string]> = {
  'that overlaps itself': ['0,400,300,200', '5000'],
  'that goes backwards': ['400,300,0,300', '5000'],
  'beyond the file': ['0,300,4900,300', '5000'],
  'that is longer than the payload': ['0,700', '5000'],
  'that is shorter than the payload': ['0,500', '5000'],
  'with an odd number': ['0,600,7', '5000'],
  'with a negative number': ['-1,600', '5000'],
};
for (const [name, [map, size]] of Object.entries(badMaps)) {
  refused[`a sparse map ${name}`] = archive({ name: 'f', body: 'x'.repeat(600), pax: [
    ['GNU.sparse.map', map], ['GNU.sparse.size', size]] });
}
const badPax: Record<string, string> = {
  'without a length': 'path=x\n',
  'with a length of zero': '0 path=x\n',
  'with a length beyond the header': '99 path=x\n',
  'with a length of nothing': ' path=x\n',
  'without an equals sign': '9 pathx.\n',
  'without a newline': '9 path=xy',
  'with a length in another base': '0x9 path=x\n',
};
for (const [name, body] of Object.entries(badPax)) {
  refused[`a PAX record ${name}`] = Buffer.concat([
    entryBytes({ name: 'x', flag: 'x', body }), archive(file('f'))]);
}

for (const [name, bytes] of Object.entries(refused)) {
  test(`${name} is refused`, async () => {
    await assert.rejects(unpack(bytes), (error: unknown) => {
      const isNamed = error instanceof IntegrityError;
      const isTooLong = (error as { details?: { errno?: string } }).details?.errno;
      assert(isNamed || isTooLong === 'ENAMETOOLONG' || isTooLong === 'ENOENT', String(error));
      return true;
    });
  });
}

test('absolute names and links stay inside', async () => {
  const { tree } = await unpackExactly(archive(
    file('/etc/berth-escaped'), link('out', '/tmp'), file('out/berth-escaped'),
    link('up', '../../../../tmp'), file('up/berth-escaped', 'second')));
  assert.deepEqual(Object.keys(tree).sort(), [
    '.', 'etc', 'etc/berth-escaped', 'out', 'tmp', 'tmp/berth-escaped', 'up']);
});

test('a link that is replaced while it is used leads nowhere else', async () => {
  const { tree } = await unpackExactly(archive(
    { name: 'd', flag: '5' }, file('d/f'), link('d', '/tmp'), file('d/berth-escaped')));
  assert.equal(tree['tmp/berth-escaped']?.type, 'file');
  assert.equal(tree['d']?.type, 'symlink');
});

test('a file over a link replaces the link and not its target', async () => {
  const { tree } = await unpackExactly(archive(
    file('target', 'old'), link('l', 'target'), file('l', 'new'),
    link('m', '/etc/passwd'), file('m', 'mine')));
  assert.equal(tree['target']?.size, 3);
  assert.equal(tree['l']?.type, 'file');
  assert.equal(tree['m']?.type, 'file');
});

test('attributes and modes of a link entry never reach its target', async () => {
  const { tree } = await unpackExactly(archive(
    { ...file('f'), mode: 0o600 }, { ...link('l', 'f'), mode: 0o4777 }));
  assert.equal(tree['f']?.mode, '600');
});

test('a whiteout or an opaque mark over a link does not follow it', async () => {
  const { tree } = await unpackExactly(archive(
    { name: 'd', flag: '5' }, file('d/f'), link('l', 'd'), file('.wh.l')));
  assert.equal(tree['l']?.type, 'symlink');
  assert.deepEqual(tree['d']?.attributes, {});
});

test('a device 0:0 in an archive is no whiteout', async () => {
  const { tree } = await unpackExactly(archive({ name: 'x', flag: '3' }));
  assert.deepEqual(Object.keys(tree), ['.']);
});

test('a hard link over its own file keeps it', async () => {
  const { tree } = await unpackExactly(archive(
    file('f', 'body'), hard('f', 'f'), hard('g', './f')));
  assert.equal(tree['f']?.size, 4);
  assert.equal(tree['g']?.sameAs, 'f');
});

test('writing to one name of a hard link leaves the other alone', async () => {
  const { tree } = await unpackExactly(archive(
    file('f', 'one'), hard('g', 'f'), file('g', 'two!')));
  assert.deepEqual([tree['f']?.size, tree['g']?.size], [3, 4]);
});

test('a directory replaced by a link to the layer takes its content away first', async () => {
  const { tree } = await unpackExactly(archive(
    { name: 'd', flag: '5' }, file('d/f', 'payload'), link('d', '.'), hard('g', 'd')));
  assert.deepEqual(Object.keys(tree), ['.', 'd', 'g']);
  assert.equal(tree['g']?.type, 'symlink');
});

test('names that differ in case or in Unicode form are different files', async () => {
  const { tree } = await unpackExactly(archive(
    file('A'), file('a'), file('\u00e9'), file('e\u0301'), link('\ufb01', 'A'), file('fi')));
  assert.equal(Object.keys(tree).length, 7);
});

test('a tree as deep as paths can be is removed when something replaces it', async () => {
  const { tree } = await unpackExactly(archive(
    { ...pax('path', `${'n/'.repeat(2000)}f`) }, file('n', 'flat')));
  assert.equal(tree['n']?.size, 4);
});

test('the limits on archive, content, entries and headers hold', async () => {
  const many = archive(...Array.from({ length: 50 }, (_, index) => file(`f${index}`)));
  const bomb = gzipSync(Buffer.concat([
    entryBytes({ name: 'f', body: Buffer.alloc(1 << 22) }), Buffer.alloc(1024)]));
  const holes = archive({ name: 'f', body: '', pax: [
    ['GNU.sparse.map', ''], ['GNU.sparse.size', '9007199254740991']] });
  const cases: [Buffer, Parameters<typeof unpack>[1]][] = [
    [many, { limits: { entries: 49 } }],
    [bomb, { limits: { archiveBytes: 1 << 20 } }],
    [many, { limits: { contentBytes: 49 } }],
    [archive({ ...file('f'), longName: 'n'.repeat(2000) }), {
      limits: { extendedHeaderBytes: 1000 } }],
    [archive({ ...file('f'), sizeField: field('77777777777'), flag: 'x' }), {}],
    [archive({ name: 'f', body: padded(Buffer.from('1000000\n')), pax: [
      ['GNU.sparse.major', '1'], ['GNU.sparse.realsize', '1']] }), { limits: { segments: 999 } }],
  ];
  for (const [bytes, options] of cases) {
    await assert.rejects(unpack(bytes, options), { code: 'LAYER_LIMIT' });
  }
  await assert.rejects(unpack(holes), IntegrityError);
});

test('a bomb is refused by its proportion, and large empty files are not', async () => {
  const zeros = archive({ name: 'f', body: Buffer.alloc(1 << 22) });
  const limits = { ratio: 500, ratioFloorBytes: 1 << 20 };
  await assert.rejects(unpack(gzipSync(zeros), { limits }), {
    code: 'LAYER_BOMB',
    message: /bytes and more come out of \d+: above 1048576 bytes, 500 times/ });
  await unpack(gzipSync(zeros), { limits: { ...limits, ratioFloorBytes: 1 << 23 } });
  await unpack(gzipSync(zeros), { limits: { ...limits, ratio: 2000 } });
});

test('broken and cut compression is refused', async () => {
  const packed = gzipSync(archive(file('f', 'x'.repeat(5000))));
  const broken = Buffer.from(packed);
  broken[20] = (broken[20] ?? 0) ^ 0xff;
  for (const bytes of [packed.subarray(0, packed.length - 9), packed.subarray(0, 12), broken]) {
    await assert.rejects(unpack(bytes), { code: 'BAD_COMPRESSION' });
  }
  await assert.rejects(unpack(Buffer.from('BZh91AY&SY')), { code: 'COMPRESSION' });
});
