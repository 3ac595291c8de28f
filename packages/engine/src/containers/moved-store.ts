/**
 * Containers whose store has moved since they were made, because the home has another name now or
 * `--root` another folder: what they name of the store is looked for where the store is.
 */
import { join, relative } from 'node:path';
import type { RuntimeSpec } from '@berth/oci';
import type { Engine } from '../engine.ts';
import type { BerthContainer } from './record.ts';

/** The container's log; a path that the user chose stays as it is. */
export function logHere({ store }: Engine, record: BerthContainer): BerthContainer['log'] {
  return record.request.log.path === undefined
    ? { ...record.log, path: store.containers.paths(record.id).log } : record.log;
}

/** The spec, with the sources of volumes where they are now. */
export function specHere(engine: Engine, record: BerthContainer, spec: RuntimeSpec): RuntimeSpec {
  const { data } = engine.store.layout;
  const before = placeOfStore(engine, record);
  if (before === undefined || before === data) return spec;
  const mounts = spec.mounts.map((mount) =>
    mount.source?.startsWith(`${before}/`) === true
      ? { ...mount, source: join(data, relative(before, mount.source)) } : mount);
  return { ...spec, mounts };
}

/** Where the store was when the container was made: its log was in it. */
function placeOfStore({ store }: Engine, { id, request, log }: BerthContainer): string | undefined {
  const below = `/${relative(store.layout.data, store.containers.paths(id).log)}`;
  return request.log.path === undefined && log.path.endsWith(below)
    ? log.path.slice(0, -below.length) : undefined;
}
