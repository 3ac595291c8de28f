/**
 * `pull`: gets the images that a typed name means: from a registry, if the policy says so, or from
 * a file or folder if the name has such a transport.
 */
import { describe, NotFoundError } from '@berth/errors';
import type { Engine } from '../engine.ts';
import { namingFullDisk } from '../full-disk.ts';
import { findSuitable, type FoundImage } from './local.ts';
import { digestInRegistry, pullFromRegistry } from './pull-registry.ts';
import type { PullOptions } from './pull-options.ts';
import { parseTransportName, type TransportName } from './transport-name.ts';

export type { PullOptions } from './pull-options.ts';

/** The images that `name` means are in the store; answers their ids. */
export async function pullImage(
  engine: Engine,
  name: string,
  options: PullOptions,
): Promise<string[]> {
  try {
    return await pullFrom(engine, parseTransportName(name), options);
  } catch (error) {
    throw namingFullDisk(engine, `pull "${name}"`, error);
  }
}

async function pullFrom(
  engine: Engine,
  place: TransportName,
  options: PullOptions,
): Promise<string[]> {
  if (place.transport !== 'docker') {
    const { pullFromArchive } = await import('./pull-archive.ts');
    return pullFromArchive(engine, place, options);
  }
  const local = options.allTags === true ? undefined : findSuitable(engine, place.name, options);
  if (options.policy === 'never' || (options.policy === 'missing' && local !== undefined)) {
    return [requireLocal(local, place.name)];
  }
  if (options.policy === 'newer' && local !== undefined) {
    return [await pullNewer(engine, { name: place.name, local }, options)];
  }
  return pullFromRegistry(engine, place.name, options);
}

function requireLocal(local: FoundImage | undefined, name: string): string {
  if (local !== undefined) return local.record.id;
  throw new NotFoundError(
    'NO_SUCH_IMAGE',
    `pull "${name}": it is not in the store, and pulling is off`,
    { hint: `berth pull ${name}` },
  );
}

/**
 * For the policy `newer`: when the registry can't be asked, warns and answers the image that is in
 * the store.
 */
async function pullNewer(
  engine: Engine,
  { name, local }: { name: string; local: FoundImage },
  options: PullOptions,
): Promise<string> {
  try {
    const digest = await digestInRegistry(engine, name, options);
    const ids = engine.store.images.idsOfManifest(digest);
    if (ids.includes(local.record.id)) return local.record.id;
    const [id] = await pullFromRegistry(engine, name, options);
    return id ?? local.record.id;
  } catch (error) {
    engine.report({ kind: 'warning', message: `${describe(error)}; using the image that is here` });
    return local.record.id;
  }
}
