/**
 * Bounds on what an archive may ask for. They stop decompression bombs and mistakes, and are far
 * above what real images need.
 */
import { IntegrityError } from '@berth/errors';

/** Every bound can be set by configuration. */
export interface LayerLimits {
  /** Length of the uncompressed archive. */
  readonly archiveBytes: number;
  /**
   * The largest allowed ratio of archive to compressed blob, for archives longer than
   * `ratioFloorBytes`. gzip reaches 1,030; layers of programs and data are below 20.
   */
  readonly ratio: number;
  readonly ratioFloorBytes: number;
  /** Sum of the lengths that files claim, including the holes of sparse files. */
  readonly contentBytes: number;
  readonly entries: number;
  /** One PAX header or long name. */
  readonly extendedHeaderBytes: number;
  /** Pieces of one sparse file. */
  readonly segments: number;
}

const GIB = 2 ** 30;

/** Limits for untrusted images. */
export const DEFAULT_LIMITS: LayerLimits = {
  archiveBytes: 1024 * GIB,
  ratio: 500,
  ratioFloorBytes: 4 * GIB,
  contentBytes: 4096 * GIB,
  entries: 20_000_000,
  extendedHeaderBytes: 1 << 20,
  segments: 1 << 20,
};

/** Throws an IntegrityError that names limit and value when `value` is above `limit`. */
export function checkLimit(what: string, value: number, limit: number): void {
  if (value <= limit) return;
  throw new IntegrityError('LAYER_LIMIT', `unpack layer: ${what}: ${value} is above ${limit}`, {
    details: { what, value, limit },
  });
}

/**
 * Throws an IntegrityError when an archive is far too large for its blob: a decompression bomb.
 * Images with large empty files stay below the floor, or are sparse.
 */
export function checkRatio(
  { archiveBytes, blobBytes }: { archiveBytes: number; blobBytes: number }, limits: LayerLimits,
): void {
  if (archiveBytes <= limits.ratioFloorBytes || archiveBytes <= blobBytes * limits.ratio) return;
  throw new IntegrityError('LAYER_BOMB', `unpack layer: ${archiveBytes} bytes and more come out of `
    + `${blobBytes}: above ${limits.ratioFloorBytes} bytes, ${limits.ratio} times is the most`, {
    details: { archiveBytes, blobBytes },
  });
}

/** The error for an archive that breaks its format or tries to leave its root. */
export function badArchive(message: string, details?: Record<string, unknown>): IntegrityError {
  return new IntegrityError('BAD_ARCHIVE', message, details === undefined ? {} : { details });
}
