/** Containers that run on layers: their files must neither change nor go while they do. */
import { layersOf } from '@berth/storage';
import type { Engine } from '../engine.ts';

/** Ids of the containers that use one of these layers and may be running, here or elsewhere. */
export function runningUsers({ store }: Engine, diffIds: ReadonlySet<string>): string[] {
  return store.containers
    .records()
    .filter((record) => layersOf(record).some((diffId) => diffIds.has(diffId)))
    .map(({ id }) => id)
    .filter((id) => !['created', 'exited', 'unknown'].includes(store.containers.state(id).state));
}
