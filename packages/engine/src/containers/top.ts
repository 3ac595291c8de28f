/** `top`: the processes of a running container. */
import type { IdMap } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import { runningInit } from './init-process.ts';
import { processTable } from './process-table.ts';

/**
 * The titles, then one row for each process. Throws ConflictError when the container does not run.
 */
export async function topContainer(
  engine: Engine,
  name: string,
  descriptors: readonly string[],
): Promise<string[][]> {
  const id = engine.store.containers.resolve(name);
  const init = runningInit(engine, id, { operation: 'top' });
  const { uids, gids } = engine.idMaps;
  return processTable(
    init.pid,
    descriptors.flatMap((text) => text.split(',')).filter((d) => d !== ''),
    {
      user: (hostUid) => insideId(hostUid, uids),
      group: (hostGid) => insideId(hostGid, gids),
    },
  );
}

/** Never returns: this process becomes the container's own ps. */
export async function topByPs(
  engine: Engine,
  container: string,
  options: readonly string[],
): Promise<never> {
  runningInit(engine, engine.store.containers.resolve(container), { operation: 'top' });
  const { execInContainer } = await import('./exec.ts');
  return execInContainer(engine, {
    container,
    command: ['ps', ...options],
    interactive: false,
    tty: false,
    detach: false,
    environment: [],
    user: undefined,
    workingDirectory: undefined,
    privileged: false,
    preserve: [],
    detachKeys: undefined,
    flagWords: undefined,
  });
}

/**
 * The id inside the container. Only 0 has a name, which is root everywhere; other names depend on
 * the container's files.
 */
function insideId(hostId: number, maps: readonly IdMap[]): string {
  const extent = maps.find(({ outside, count }) => hostId >= outside && hostId < outside + count);
  if (extent === undefined) {
    return '?';
  }
  const inside = extent.inside + hostId - extent.outside;
  return inside === 0 ? 'root' : String(inside);
}
