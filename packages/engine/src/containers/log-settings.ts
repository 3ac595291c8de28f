/** How a container's output is kept. */
import type { ContainerRequest } from '@berth/bundle';
import type { Engine } from '../engine.ts';
import type { BerthContainer } from './record.ts';

/**
 * The log that the flags ask for. A run whose output goes directly to the caller keeps no log,
 * whatever this says.
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
