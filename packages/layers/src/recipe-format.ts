/**
 * The layout of a recipe file, version 1: the numbers that writer and reader share. The prose is
 * docs/recipe.md.
 */

/** First bytes of every recipe. */
export const RECIPE_MAGIC = Buffer.from('berth-recipe\n\0\0\0', 'latin1');
/** Changes whenever an older reader would misread a file. */
export const RECIPE_VERSION = 1;

/** Fixed header: magic, version u32, flags u32, archive length u64, diff id. Little-endian. */
export const RECIPE_HEADER = {
  bytes: 64,
  versionAt: 16,
  flagsAt: 20,
  archiveBytesAt: 24,
  diffIdAt: 32,
} as const;

/** Set, with the rest of the header, by the very last write: without it the file is incomplete. */
export const FLAG_COMPLETE = 1;
/** The file holds stored payloads; a reader must find them before it starts. */
export const FLAG_STORED = 2;

/** Frame: compressed length u32, raw length u32, raw deflate data. Two zeros end the frames. */
export const FRAME_HEADER_BYTES = 8;
/** Raw bytes in one frame at most; bounds the memory of writer and reader. */
export const FRAME_BYTES = 1 << 20;

/** First byte of a record. */
export const RECORD = { end: 0, raw: 1, file: 2, stored: 3 } as const;

/** Bytes of a SHA-256. */
export const HASH_BYTES = 32;
