/** The first process of a container, by the pid and start time that its supervisor recorded. */
import { ConflictError } from '@berth/errors';
import type { Engine } from '../engine.ts';
import { runsElsewhere } from '../lifecycle.ts';

/** The first process of a running container, by its pid on the host. */
export interface InitProcess {
  pid: number;
  startTime: string;
}

/** Undefined when the container never ran. The process may have ended. */
export function initOf(engine: Engine, id: string): InitProcess | undefined {
  const { init } = engine.store.containers.entry(id).summary;
  return init === undefined ? undefined : { pid: init.pid, startTime: init.startTime };
}

/** The first process of a running container. Throws ConflictError when it does not run. */
export function runningInit(engine: Engine, id: string, purpose: string): InitProcess {
  const entry = engine.store.containers.entry(id);
  const init = entry.summary.init;
  if (entry.state.state === 'elsewhere') {
    throw runsElsewhere(purpose, { name: entry.name, host: entry.state.hostName });
  }
  if (entry.state.state !== 'running' || init === undefined) {
    throw new ConflictError(
      'NOT_RUNNING',
      `${purpose} container "${entry.name}": it is ${entry.state.state}`,
      {
        hint: `berth ${entry.state.state === 'paused' ? 'unpause' : 'start'} ${entry.name}`,
      },
    );
  }
  return init;
}
