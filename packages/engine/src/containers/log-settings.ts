/** How a container's output is kept. */
import type { ContainerRequest } from '@berth/bundle';
import type { Engine } from '../engine.ts';
import type { BerthContainer } from './record.ts';

/** What the flags ask for. A run whose streams are handed over keeps no log all the same. */
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
