/** `tag` and `untag`: add and remove names of images. */
import { UsageError } from '@berth/errors';
import { formatReference, parseImageName, qualify } from '@berth/oci';
import type { Engine } from '../engine.ts';

/** The registry in the full name of an image that was named without one. */
const LOCAL_REGISTRY = 'localhost';

/** The image has these names in addition to its others. */
export function tagImage(engine: Engine, name: string, targets: readonly string[]): void {
  const { images } = engine.store;
  const { id } = images.resolve(name);
  for (const target of targets.map(localReference)) {
    images.tag(id, target);
  }
}

/** The image no longer has these names; when none is given, it has no name at all. */
export function untagImage(engine: Engine, name: string, names: readonly string[]): void {
  const { images } = engine.store;
  const { id } = images.resolve(name);
  const all = images.list().find(({ record }) => record.id === id)?.names ?? [];
  const lost = names.length === 0 ? all : names.map((text) => ownName(engine, { id, text }));
  for (const reference of lost) {
    images.untag(id, reference);
  }
}

function ownName(engine: Engine, { id, text }: { id: string; text: string }): string {
  const found = engine.store.images.resolve(text);
  if (found.id !== id || found.name === undefined) {
    throw new UsageError('NOT_A_NAME', `untag "${text}": not a name of image ${id.slice(0, 12)}`);
  }
  return found.name;
}

/** The full reference of a name that the user typed. Throws UsageError for a name with a digest. */
export function localReference(text: string): string {
  const name = parseImageName(text);
  if (name.digest !== undefined) {
    throw new UsageError('TAG_WITH_DIGEST', `name an image "${text}": a digest is not a name`);
  }
  return formatReference(qualify(name, name.registry ?? LOCAL_REGISTRY));
}
