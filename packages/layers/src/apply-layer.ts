/**
 * Unpacks one layer into the current directory: packed blob in, tree and recipe out. Runs in a
 * process of its own that is root in the user namespace and chrooted to the tree.
 */
import { IntegrityError } from '@berth/errors';
import { loadSyscalls } from '@berth/host';
import { decompress } from './decompress.ts';
import type { Compression } from './decompress.ts';
import { LayerApplier } from './layer-applier.ts';
import type { LayerCounts, TreePolicy } from './layer-applier.ts';
import { HashThread } from './hash-thread.ts';
import { HashesHere } from './layer-hashes.ts';
import type { LayerHashes } from './layer-hashes.ts';
import { checkLimit, checkRatio, DEFAULT_LIMITS } from './limits.ts';
import type { LayerLimits } from './limits.ts';
import { RecipeWriter } from './recipe-writer.ts';
import { TarReader } from './tar-reader.ts';

/** What to unpack, and how. */
export interface ApplyLayerOptions {
  /** The blob as the registry or archive gives it. A chunk may be overwritten by the next. */
  readonly blob: AsyncIterable<Uint8Array>;
  /** Where the recipe goes: an empty file open for writing, which the caller closes. */
  readonly recipeFd: number;
  readonly limits?: Partial<LayerLimits>;
  readonly owners?: TreePolicy['owners'];
  readonly marks?: TreePolicy['marks'];
  /** Refuse the layer unless its plain form has this digest. */
  readonly expectedDiffId?: string | undefined;
  /** A large layer is hashed on another thread: sooner done, with a twentieth more work. */
  readonly isHashedAside?: boolean;
}

/** Facts of a layer that was unpacked whole. */
export interface LayerResult {
  /** `sha256:` of the uncompressed archive. */
  readonly diffId: string;
  readonly archiveBytes: number;
  /** `sha256:` of the bytes as they came. */
  readonly blobDigest: string;
  readonly blobBytes: number;
  readonly compression: Compression;
  /** Sum of the files' lengths. */
  readonly contentBytes: number;
  readonly recipeBytes: number;
  readonly counts: Readonly<LayerCounts>;
}

/**
 * Unpacks the layer. The current directory must be empty before, and has the tree afterwards. If
 * this throws, the caller must discard tree and recipe. Throws IntegrityError (broken or hostile
 * archives, limits, a wrong digest), UnsupportedError, SystemError, and errors of reading the blob.
 */
export async function applyLayer(options: ApplyLayerOptions): Promise<LayerResult> {
  const hashes = options.isHashedAside === true ? new HashThread() : new HashesHere();
  try {
    return await applyAndHash(options, hashes);
  } finally {
    await hashes.close();
  }
}

async function applyAndHash(
  options: ApplyLayerOptions,
  hashes: LayerHashes,
): Promise<LayerResult> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const recipe = new RecipeWriter(options.recipeFd);
  const applier = new LayerApplier(recipe, limits, {
    owners: options.owners ?? 'native', marks: options.marks ?? 'overlay',
  });
  const reader = new TarReader(applier, limits);
  const blob = new MeasuredBytes(options.blob, hashes);
  let archiveBytes = 0;
  // Modes are set explicitly; the umask would only reduce those of mkdir and mknod.
  loadSyscalls().umask(0);
  const { compression, bytes } = await decompress(blob);
  // An uncompressed blob is the archive itself, which is hashed below.
  const isPacked = compression !== 'none';
  await blob.decideHash(isPacked);
  for await (const chunk of bytes) {
    archiveBytes += chunk.length;
    checkLimit('archive', archiveBytes, limits.archiveBytes);
    checkRatio({ archiveBytes, blobBytes: blob.sizeBytes }, limits);
    await hashes.update('archive', chunk);
    reader.push(chunk);
  }
  reader.finish();
  const digests = await hashes.digests();
  const diffId = named(digests.archive);
  checkDiffId(diffId, options.expectedDiffId);
  applier.finish();
  recipe.finish({ archiveBytes, sha256: digests.archive });
  return {
    diffId, archiveBytes, compression,
    blobDigest: isPacked ? named(digests.blob) : diffId,
    blobBytes: blob.sizeBytes,
    contentBytes: applier.contentBytes,
    recipeBytes: recipe.sizeBytes,
    counts: applier.counts,
  };
}

function named(sha256: Buffer): string {
  return `sha256:${sha256.toString('hex')}`;
}

function checkDiffId(diffId: string, expected: string | undefined): void {
  if (expected === undefined || expected === diffId) return;
  throw new IntegrityError('DIFF_ID_MISMATCH',
    `unpack layer: its content is ${diffId}, the image names ${expected}`, {
      details: { diffId, expected },
    });
}

/** Counts the bytes that pass. Hashes them all, from the first, once that is decided. */
class MeasuredBytes implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #hashes: LayerHashes;
  /** Bytes before the decision: the head, which shows the compression. */
  #early: Uint8Array[] | undefined = [];
  #isHashed = false;
  sizeBytes = 0;

  constructor(source: AsyncIterable<Uint8Array>, hashes: LayerHashes) {
    this.#source = source;
    this.#hashes = hashes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      if (this.#isHashed) await this.#hashes.update('blob', chunk);
      this.#early?.push(Buffer.from(chunk));
      this.sizeBytes += chunk.length;
      yield chunk;
    }
  }

  /** Must be called before more than the head is read. */
  async decideHash(isHashed: boolean): Promise<void> {
    this.#isHashed = isHashed;
    for (const chunk of isHashed ? this.#early ?? [] : []) await this.#hashes.update('blob', chunk);
    this.#early = undefined;
  }
}
