/** What a command says when the disk of its store, or the user's quota, is full. */
import { describe, SystemError } from '@berth/errors';
import { fullDiskHint, tellsOfFullDisk } from '@berth/storage';
import type { Engine } from './engine.ts';

/**
 * The error to throw in place of `error`: if something is full, it begins with what was `doing` and
 * says how to make room. What failed may be a file deep in a layer, which no user knows.
 */
export function namingFullDisk(engine: Engine, doing: string, error: unknown): unknown {
  if (!(error instanceof Error) || !tellsOfFullDisk(describe(error))) return error;
  return new SystemError('DISK_FULL', doing, {
    cause: error, hint: fullDiskHint(engine.directories.data),
  });
}
