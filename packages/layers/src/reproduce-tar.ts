/**
 * Gives back the exact archive of a layer from its recipe and its tree, and proves it by the diff
 * id; where that differs, the hashes of the payloads say which file it is.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { errnoName, IntegrityError } from '@berth/errors';
import { loadSyscalls, OPEN, RESOLVE, succeed } from '@berth/host';
import { lent } from './lent-access.ts';
import type { Recipe, RecipeRecord } from './recipe-reader.ts';
import { pathArgument, shown } from './tar-entry.ts';
import type { DataSegment } from './tar-entry.ts';

type FileRecord = Extract<RecipeRecord, { kind: 'file' }>;
type StoredRecord = Extract<RecipeRecord, { kind: 'stored' }>;

const CHUNK_BYTES = 1 << 19;

/** How to reproduce an archive. */
export interface ReproduceOptions {
  /** One piece of memory serves all chunks: each is used before the next is asked for. */
  readonly reuseMemory?: boolean | undefined;
}

/**
 * The archive's bytes, in order. `tree` is the layer's directory; links in it are never followed.
 * Each chunk is new memory. Throws an IntegrityError naming the file whose payload is missing, too
 * short or changed, at the latest after the last byte; the bytes before are then not the archive.
 */
export async function* reproduceTar(recipe: Recipe, tree: string): AsyncGenerator<Uint8Array> {
  yield* reproduceTarSync(recipe, tree);
}

/** The same, for callers that may block. */
export function* reproduceTarSync(
  recipe: Recipe,
  tree: string,
  options: ReproduceOptions = {},
): Generator<Uint8Array> {
  const treeFd = openTree(tree);
  try {
    const archive = createHash('sha256');
    let archiveBytes = 0;
    for (const bytes of new Reproduction(recipe, treeFd).chunks(options)) {
      archive.update(bytes);
      archiveBytes += bytes.length;
      yield bytes;
    }
    checkWhole(recipe, { archiveBytes, archive, treeFd });
  } finally {
    loadSyscalls().close(treeFd);
  }
}

function openTree(tree: string): number {
  const flags = OPEN.RDONLY | OPEN.DIRECTORY | OPEN.CLOEXEC;
  return succeed(loadSyscalls().open(tree, flags), 'open', tree);
}

interface WholeArchive {
  readonly archiveBytes: number;
  readonly archive: Hash;
  readonly treeFd: number;
}

/** The hash of the whole proves every payload; only if it differs, each is checked. */
function checkWhole(recipe: Recipe, { archiveBytes, archive, treeFd }: WholeArchive): void {
  const diffId = `sha256:${archive.digest('hex')}`;
  if (diffId === recipe.diffId && archiveBytes === recipe.archiveBytes) return;
  new Reproduction(recipe, treeFd).requirePayloads();
  throw new IntegrityError('LAYER_CHANGED',
    `reproduce layer ${recipe.diffId}: its content is ${diffId} now`, {
      hint: 'berth system check --repair',
    });
}

interface SegmentRead {
  readonly record: FileRecord;
  readonly fd: number;
  readonly segment: DataSegment;
}

/** Combines headers from the recipe and payloads from the tree. */
class Reproduction {
  readonly #recipe: Recipe;
  readonly #treeFd: number;
  readonly #stored: ReadonlyMap<number, StoredRecord>;
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #length = 0;

  constructor(recipe: Recipe, treeFd: number) {
    this.#recipe = recipe;
    this.#treeFd = treeFd;
    this.#stored = recipe.hasStored ? findStored(recipe) : new Map();
  }

  /** Small pieces share a chunk; payloads are read directly into their place. */
  *chunks({ reuseMemory = false }: ReproduceOptions): Generator<Buffer> {
    let fileIndex = 0;
    for (const record of this.#recipe.records()) {
      if (record.kind === 'raw') yield* this.#copy([record.bytes], reuseMemory);
      if (record.kind !== 'file') continue;
      const replaced = this.#stored.get(fileIndex);
      fileIndex += 1;
      if (replaced === undefined) yield* this.#read(record, reuseMemory);
      else yield* this.#copy(replaced.bytes(), reuseMemory);
    }
    if (this.#length > 0) yield this.#chunk.subarray(0, this.#length);
  }

  /** Throws an IntegrityError that names the first payload that differs. */
  requirePayloads(): void {
    let fileIndex = 0;
    for (const record of this.#recipe.records()) {
      if (record.kind !== 'file') continue;
      const replaced = this.#stored.get(fileIndex);
      fileIndex += 1;
      const hash = createHash('sha256');
      this.#length = 0;
      const pieces = replaced === undefined ? this.#read(record, true) : replaced.bytes();
      for (const piece of pieces) hash.update(piece);
      hash.update(this.#chunk.subarray(0, this.#length));
      if (!hash.digest().equals(record.sha256)) throw changed(record, 'its content is another one');
    }
  }

  *#copy(pieces: Iterable<Buffer>, reuseMemory: boolean): Generator<Buffer> {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; ) {
        const copied = piece.copy(this.#chunk, this.#length, at);
        at += copied;
        this.#length += copied;
        if (this.#length === CHUNK_BYTES) yield this.#take(reuseMemory);
      }
    }
  }

  *#read(record: FileRecord, reuseMemory: boolean): Generator<Buffer> {
    const fd = this.#open(record);
    try {
      const whole: readonly DataSegment[] = [{ offset: 0, length: record.sizeBytes }];
      const segments = record.segments.length === 0 ? whole : record.segments;
      for (const segment of segments) {
        yield* this.#readSegment({ record, fd, segment }, reuseMemory);
      }
    } finally {
      loadSyscalls().close(fd);
    }
  }

  *#readSegment(job: SegmentRead, reuseMemory: boolean): Generator<Buffer> {
    const { record, fd, segment } = job;
    const { offset, length } = segment;
    let done = 0;
    while (done < length) {
      const end = Math.min(CHUNK_BYTES, this.#length + length - done);
      const wanted = this.#chunk.subarray(this.#length, end);
      const count = succeed(loadSyscalls().read(fd, wanted, offset + done), 'read', 'layer');
      if (count === 0) throw changed(record, 'it is cut short');
      done += count;
      this.#length += count;
      if (this.#length === CHUNK_BYTES) yield this.#take(reuseMemory);
    }
  }

  #open(record: FileRecord): number {
    const [directoryFd, path] = [this.#treeFd, pathArgument(record.path)];
    const flags = OPEN.RDONLY | OPEN.CLOEXEC | OPEN.NONBLOCK | OPEN.NOFOLLOW;
    const resolve = RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS;
    const fd = lent({ directoryFd, path, resolve }, () =>
      loadSyscalls().openat2(directoryFd, path, { flags, resolve }));
    if (fd < 0) throw changed(record, errnoName(fd));
    return fd;
  }

  #take(reuseMemory: boolean): Buffer {
    const chunk = this.#chunk;
    if (!reuseMemory) this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    this.#length = 0;
    return chunk;
  }
}

/** The numbers of the `file` records whose payload is stored: for each path the latest. */
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

function changed(record: FileRecord, reason: string): IntegrityError {
  const path = shown(record.path);
  return new IntegrityError('LAYER_CHANGED', `reproduce layer: file "${path}": ${reason}`, {
    hint: 'berth system check --repair',
    details: { path },
  });
}
