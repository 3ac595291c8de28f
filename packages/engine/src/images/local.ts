/** Images that are in the store already, found by what the user typed. */
import { NotFoundError } from '@berth/errors';
import { choosePlatform, parseImageConfig, parsePlatform, type ImageConfig } from '@berth/oci';
import type { ImageRecord } from '@berth/storage';
import type { Engine } from '../engine.ts';
import type { PullOptions } from './pull-options.ts';

/** An image of the store, with its parsed config. */
export interface FoundImage {
  record: ImageRecord;
  config: ImageConfig;
  /** The name by which it was found: a full reference, or the id. */
  name: string;
}

/** The image in the store that a name or id means, or undefined. */
export function findLocal(engine: Engine, text: string): FoundImage | undefined {
  try {
    const { id, name } = engine.store.images.resolve(text);
    return readImage(engine, { id, name: name ?? id });
  } catch (error) {
    if (error instanceof NotFoundError) {
      return undefined;
    }
    throw error;
  }
}

/** The image in the store that the name means, if it is for the platform that is asked for. */
export function findSuitable(
  engine: Engine,
  name: string,
  { platform }: Pick<PullOptions, 'platform'>,
): FoundImage | undefined {
  const found = findLocal(engine, name);
  if (found === undefined || platform === undefined) return found;
  const { os, architecture, variant } = found.record;
  const own = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  return choosePlatform([{ platform: own }], parsePlatform(platform)) && found;
}

/** The image of this id. Throws NotFoundError when its record is gone. */
export function readImage(engine: Engine, { id, name }: { id: string; name: string }): FoundImage {
  const { images } = engine.store;
  const record = images.record(id);
  if (record === undefined) throw noSuchImage(name);
  try {
    return { record, config: parseImageConfig(images.config(id)), name };
  } catch (error) {
    const isRemoved = error instanceof NotFoundError && !images.exists(id);
    throw isRemoved ? noSuchImage(name) : error;
  }
}

function noSuchImage(name: string): NotFoundError {
  return new NotFoundError('NO_SUCH_IMAGE', `find image "${name}": no such image`, {
    hint: `berth pull ${name}`,
  });
}
