/** How a container's output is kept. */
import type { ContainerRequest } from '@berth/bundle';
import type { Engine } from '../engine.ts';
import type { BerthContainer } from './record.ts';

/**
 * A foreground `--rm` container without -t keeps no log unless one was asked for: nobody could
 * read it, and its streams can then be handed over as they are.
 */
export function logOf(
  engine: Engine,
  id: string,
  request: ContainerRequest,
): BerthContainer['log'] {
  const { log } = request;
  return {
    driver: log.driver ?? 'k8s-file',
    maxSizeBytes: log.maxSizeBytes ?? 0,
    maxFiles: log.maxFiles ?? 1,
    path: log.path ?? engine.store.containers.paths(id).log,
  };
}
