/**
 * Gives back the exact archive of a layer from its recipe and its tree, and proves it: every
 * payload is checked against its own hash, the whole against the diff id.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { IntegrityError } from '@berth/errors';
import { errnoName, loadSyscalls, OPEN, RESOLVE, succeed } from '@berth/host';
import type { Recipe, RecipeRecord } from './recipe-reader.ts';
import { pathArgument, shown } from './tar-entry.ts';
import type { DataSegment } from './tar-entry.ts';

type FileRecord = Extract<RecipeRecord, { kind: 'file' }>;
type StoredRecord = Extract<RecipeRecord, { kind: 'stored' }>;

const CHUNK_BYTES = 1 << 18;

/**
 * The archive's bytes, in order. `tree` is the layer's directory; links in it are never followed.
 * Chunks are new memory each. Throws an IntegrityError that names the file whose payload is
 * gone, too short or changed, at the latest with the last byte; what came before it then is not
 * the archive.
 */
export async function* reproduceTar(recipe: Recipe, tree: string): AsyncGenerator<Uint8Array> {
  const treeFd = openTree(tree);
  try {
    const archive = createHash('sha256');
    let archiveBytes = 0;
    for (const bytes of collect(tarBytes(recipe, treeFd))) {
      archive.update(bytes);
      archiveBytes += bytes.length;
      yield bytes;
    }
    checkWhole(recipe, archiveBytes, archive);
  } finally {
    loadSyscalls().close(treeFd);
  }
}

function openTree(tree: string): number {
  const flags = OPEN.RDONLY | OPEN.DIRECTORY | OPEN.CLOEXEC;
  return succeed(loadSyscalls().open(tree, flags), 'open', tree);
}

function checkWhole(recipe: Recipe, archiveBytes: number, archive: Hash): void {
  const diffId = `sha256:${archive.digest('hex')}`;
  if (diffId === recipe.diffId && archiveBytes === recipe.archiveBytes) return;
  throw new IntegrityError('LAYER_CHANGED',
    `reproduce layer ${recipe.diffId}: its content is ${diffId} now`, {
      hint: 'berth system check --repair',
    });
}

/** Copies small pieces together: headers and small files would be a chunk each. */
function* collect(pieces: Iterable<Buffer>): Generator<Buffer> {
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let length = 0;
  for (const piece of pieces) {
    let at = 0;
    while (at < piece.length) {
      const copied = piece.copy(chunk, length, at);
      length += copied;
      at += copied;
      if (length < CHUNK_BYTES) continue;
      yield chunk;
      chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      length = 0;
    }
  }
  if (length > 0) yield chunk.subarray(0, length);
}

function* tarBytes(recipe: Recipe, treeFd: number): Generator<Buffer> {
  const stored = recipe.hasStored ? findStored(recipe) : new Map<number, StoredRecord>();
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let fileIndex = 0;
  for (const record of recipe.records()) {
    if (record.kind === 'raw') yield record.bytes;
    if (record.kind !== 'file') continue;
    const replaced = stored.get(fileIndex);
    fileIndex += 1;
    yield* checked(record, replaced === undefined
      ? filePieces(record, treeFd, buffer)
      : replaced.bytes());
  }
}

/** Which `file` records, by their number, have their payload stored: the latest of that path. */
function findStored(recipe: Recipe): Map<number, StoredRecord> {
  const found = new Map<number, StoredRecord>();
  const latest = new Map<string, number>();
  let fileIndex = 0;
  for (const record of recipe.records()) {
    if (record.kind === 'file') {
      latest.set(record.path, fileIndex);
      fileIndex += 1;
    } else if (record.kind === 'stored') {
      const index = latest.get(record.path);
      if (index !== undefined) found.set(index, record);
      latest.delete(record.path);
    }
  }
  return found;
}

function* checked(record: FileRecord, pieces: Iterable<Buffer>): Generator<Buffer> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (const piece of pieces) {
    hash.update(piece);
    sizeBytes += piece.length;
    yield piece;
  }
  if (sizeBytes !== record.sizeBytes || !hash.digest().equals(record.sha256)) {
    throw changed(record, 'its content is another one');
  }
}

function* filePieces(record: FileRecord, treeFd: number, buffer: Buffer): Generator<Buffer> {
  const syscalls = loadSyscalls();
  const fd = syscalls.openat2(treeFd, pathArgument(record.path), {
    flags: OPEN.RDONLY | OPEN.CLOEXEC | OPEN.NONBLOCK | OPEN.NOFOLLOW,
    resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS,
  });
  if (fd < 0) throw changed(record, errnoName(fd));
  try {
    const whole: readonly DataSegment[] = [{ offset: 0, length: record.sizeBytes }];
    const segments = record.segments.length === 0 ? whole : record.segments;
    for (const segment of segments) yield* segmentPieces(fd, segment, buffer);
  } finally {
    syscalls.close(fd);
  }
}

/** `checked` notices when the file ends early. */
function* segmentPieces(
  fd: number,
  { offset, length }: DataSegment,
  buffer: Buffer,
): Generator<Buffer> {
  let done = 0;
  while (done < length) {
    const wanted = buffer.subarray(0, Math.min(buffer.length, length - done));
    const count = succeed(loadSyscalls().read(fd, wanted, offset + done), 'read', 'layer');
    if (count === 0) return;
    done += count;
    yield wanted.subarray(0, count);
  }
}

function changed(record: FileRecord, reason: string): IntegrityError {
  const path = shown(record.path);
  return new IntegrityError('LAYER_CHANGED', `reproduce layer: file "${path}": ${reason}`, {
    hint: 'berth system check --repair',
    details: { path },
  });
}
