/**
 * Unpacks one layer into the current directory: packed blob in, tree and recipe out. Runs in a
 * process of its own that is root in the user namespace and chrooted to the tree.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { IntegrityError } from '@berth/errors';
import { loadSyscalls } from '@berth/host';
import { decompress } from './decompress.ts';
import type { Compression } from './decompress.ts';
import { LayerApplier } from './layer-applier.ts';
import type { LayerCounts, TreePolicy } from './layer-applier.ts';
import { checkLimit, checkRatio, DEFAULT_LIMITS } from './limits.ts';
import type { LayerLimits } from './limits.ts';
import { RecipeWriter } from './recipe-writer.ts';
import { TarReader } from './tar-reader.ts';

/** What to unpack, and how. */
export interface ApplyLayerOptions {
  /** The blob as the registry or archive gives it. */
  readonly blob: AsyncIterable<Uint8Array>;
  /** Where the recipe goes: an empty file open for writing, which the caller closes. */
  readonly recipeFd: number;
  readonly limits?: Partial<LayerLimits>;
  readonly owners?: TreePolicy['owners'];
  readonly marks?: TreePolicy['marks'];
  /** Refuse the layer unless its plain form has this digest. */
  readonly expectedDiffId?: string | undefined;
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
 * Unpacks. The current directory must be empty and is full afterwards; when this throws, tree and
 * recipe are to be thrown away. Throws IntegrityError (broken or hostile archives, limits, a
 * digest that differs), UnsupportedError, SystemError, and whatever reading the blob throws.
 */
export async function applyLayer(options: ApplyLayerOptions): Promise<LayerResult> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const recipe = new RecipeWriter(options.recipeFd);
  const applier = new LayerApplier(recipe, limits, {
    owners: options.owners ?? 'native', marks: options.marks ?? 'overlay',
  });
  const reader = new TarReader(applier, limits);
  const blob = new MeasuredBytes(options.blob);
  const archive = createHash('sha256');
  let archiveBytes = 0;
  // Modes are set explicitly; the mask would only take away from what mkdir and mknod get.
  loadSyscalls().umask(0);
  const { compression, bytes } = await decompress(blob);
  // A blob that is not packed is the archive, which is hashed below.
  const blobDigest = compression === 'none' ? blob.skipHash() : blob.startHash();
  for await (const chunk of bytes) {
    archiveBytes += chunk.length;
    checkLimit('archive', archiveBytes, limits.archiveBytes);
    checkRatio({ archiveBytes, blobBytes: blob.sizeBytes }, limits);
    archive.update(chunk);
    reader.push(chunk);
  }
  reader.finish();
  const sha256 = archive.digest();
  const diffId = `sha256:${sha256.toString('hex')}`;
  checkDiffId(diffId, options.expectedDiffId);
  applier.finish();
  recipe.finish({ archiveBytes, sha256 });
  return {
    diffId, archiveBytes, compression,
    blobDigest: blobDigest === undefined ? diffId : blobDigest(),
    blobBytes: blob.sizeBytes,
    contentBytes: applier.contentBytes,
    recipeBytes: recipe.sizeBytes,
    counts: applier.counts,
  };
}

function checkDiffId(diffId: string, expected: string | undefined): void {
  if (expected === undefined || expected === diffId) return;
  throw new IntegrityError('DIFF_ID_MISMATCH',
    `unpack layer: its content is ${diffId}, the image names ${expected}`, {
      details: { diffId, expected },
    });
}

/** Bytes that are counted as they pass, and hashed from their first on when that is asked for. */
class MeasuredBytes implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  #hash: Hash | undefined;
  /** What passed before anyone asked: the head by which the compression is known. */
  #early: Uint8Array[] | undefined = [];
  sizeBytes = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.#hash?.update(chunk);
      this.#early?.push(chunk);
      this.sizeBytes += chunk.length;
      yield chunk;
    }
  }

  /** Gives the function that tells the digest once all has passed. */
  startHash(): () => string {
    const hash = createHash('sha256');
    for (const chunk of this.#early ?? []) hash.update(chunk);
    this.#hash = hash;
    this.#early = undefined;
    return () => `sha256:${hash.digest('hex')}`;
  }

  /** Nobody will ask. */
  skipHash(): undefined {
    this.#early = undefined;
  }
}
