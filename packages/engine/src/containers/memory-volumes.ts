/**
 * Volumes in memory (`volume create -o type=tmpfs`). A run makes them in its mount namespace, and
 * they end with it; so only one container at a time can have such a volume.
 */
import { ConflictError } from '@berth/errors';
import type { RuntimeSpec } from '@berth/oci';
import type { Engine } from '../engine.ts';
import type { BerthContainer } from './record.ts';
import { stateIfThere } from './wait.ts';

/**
 * Throws ConflictError when another running container has mounted one of this container's volumes
 * in memory.
 */
export function requireFreeMemory(
  engine: Engine,
  { id, request }: BerthContainer,
  spec: RuntimeSpec,
): void {
  for (const mount of request.mounts) {
    if (mount.type !== 'volume' || !isInMemory(spec, mount.target)) continue;
    const users = engine.store.containers.usersOfVolume(mount.name ?? '');
    const holder = users.find((user) => user !== id && isAlive(engine, user));
    if (holder === undefined) continue;
    const name = engine.store.containers.name(holder);
    throw new ConflictError('VOLUME_HELD', `mount volume "${mount.name}": it is in memory, and ` +
      `container "${name}" has it: one container at a time can`, {
      hint: `berth stop ${name}; several share a folder in memory: mkdir -m 700 `
        + `/dev/shm/${mount.name}; -v /dev/shm/${mount.name}:${mount.target}`,
    });
  }
}

function isInMemory({ mounts }: RuntimeSpec, target: string): boolean {
  return mounts.some(({ destination, type }) => type === 'tmpfs' && destination === target);
}

function isAlive(engine: Engine, id: string): boolean {
  const state = stateIfThere(engine, id)?.state;
  return state !== undefined && ['running', 'paused', 'stopping', 'elsewhere'].includes(state);
}
