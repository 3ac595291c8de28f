/**
 * Finds the image of a container request: in the store, among the embedded ones, else pulled as
 * the policy allows. What pulls is loaded only when something is to be pulled.
 */
import { NotFoundError } from '@berth/errors';
import { parseImageConfig, type ImageConfig } from '@berth/oci';
import type { ImageRecord } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { embeddedName, embeddedReference, type EmbeddedName } from './embedded-name.ts';
import type { PullOptions } from './pull-options.ts';

/** An image of the store, with its parsed config. */
export interface FoundImage {
  record: ImageRecord;
  config: ImageConfig;
  /** The name by which it was found: a full reference, or the id. */
  name: string;
}

/** The image's record and config. Throws NotFoundError where the policy forbids pulling. */
export async function findImage(
  engine: Engine,
  text: string,
  pull: PullOptions,
): Promise<FoundImage> {
  const embedded = embeddedName(text);
  const always = pull.policy === 'always' && embedded === undefined;
  const local = always ? undefined : (findLocal(engine, text) ?? findEmbedded(engine, embedded));
  if (local !== undefined && (pull.policy !== 'newer' || embedded !== undefined)) {
    return local;
  }
  if (embedded !== undefined) {
    const { acquireEmbedded } = await import('./embedded.ts');
    const id = await acquireEmbedded(engine, embedded);
    return readImage(engine, { id, name: embeddedReference(embedded) });
  }
  if (pull.policy === 'never') {
    throw new NotFoundError(
      'NO_SUCH_IMAGE',
      `find image "${text}": it is not in the store, and pulling is off`,
      {
        hint: `berth pull ${text}`,
      },
    );
  }
  const { pullImage } = await import('./pull.ts');
  const [id] = await pullImage(engine, text, pull);
  return findLocal(engine, text) ?? readImage(engine, { id: id ?? '', name: text });
}

function findEmbedded(engine: Engine, name: EmbeddedName | undefined): FoundImage | undefined {
  return name === undefined ? undefined : findLocal(engine, embeddedReference(name));
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

function readImage(engine: Engine, { id, name }: { id: string; name: string }): FoundImage {
  const record = engine.store.images.record(id);
  if (record === undefined) {
    throw new NotFoundError('NO_SUCH_IMAGE', `find image "${name}": its record is gone`, {
      hint: `berth pull ${name}`,
    });
  }
  return { record, config: parseImageConfig(engine.store.images.config(id)), name };
}
