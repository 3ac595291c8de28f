/**
 * Finds the image of a container request: in the store, among the embedded images, or by a pull if
 * the policy allows it. The modules for pulling are loaded only if something has to be pulled.
 */
import { NotFoundError } from '@berth/errors';
import { parseImageName } from '@berth/oci';
import type { Engine } from '../engine.ts';
import { embeddedName, embeddedReference, type EmbeddedName } from './embedded-name.ts';
import { findLocal, findSuitable, readImage, type FoundImage } from './local.ts';
import type { PullOptions } from './pull-options.ts';

/** The image's record and config. Throws NotFoundError where the policy forbids pulling. */
export async function findImage(
  engine: Engine,
  text: string,
  pull: PullOptions,
): Promise<FoundImage> {
  const embedded = embeddedName(text);
  const always = pull.policy === 'always' && embedded === undefined;
  const local = always
    ? undefined
    : (findSuitable(engine, text, pull) ?? findEmbedded(engine, embedded));
  if (local !== undefined && (pull.policy !== 'newer' || embedded !== undefined)) {
    return named(engine, local);
  }
  if (embedded !== undefined) {
    const { acquireEmbedded } = await import('./embedded.ts');
    const id = await acquireEmbedded(engine, embedded);
    return readImage(engine, { id, name: embeddedReference(embedded) });
  }
  if (pull.policy === 'never') {
    const { parseTransportName } = await import('./transport-name.ts');
    const place = parseTransportName(text);
    if (place.transport === 'docker') parseImageName(place.name);
    throw new NotFoundError(
      'NO_SUCH_IMAGE',
      `find image "${text}": it is not in the store, and pulling is off`,
      {
        hint: `berth pull ${text}`,
      },
    );
  }
  const { pullImage } = await import('./pull.ts');
  const [id = ''] = await pullImage(engine, text, pull);
  const found = findLocal(engine, text);
  return found?.record.id === id ? found : readImage(engine, { id, name: id });
}

/** An image that was found by its id gets its first name, where it has one. */
function named(engine: Engine, image: FoundImage): FoundImage {
  const { id } = image.record;
  if (image.name !== id) return image;
  const names = [...engine.store.images.names()].filter(([, of]) => of === id);
  return { ...image, name: names.map(([name]) => name).sort()[0] ?? id };
}

function findEmbedded(engine: Engine, name: EmbeddedName | undefined): FoundImage | undefined {
  return name === undefined ? undefined : findLocal(engine, embeddedReference(name));
}
