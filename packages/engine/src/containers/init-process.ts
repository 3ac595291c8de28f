/** The first process of a container, by the pid and start time that its supervisor recorded. */
import assert from 'node:assert/strict';
import type { Engine } from '../engine.ts';
import { requireAllowed, type Operation, type RefusalWords } from '../lifecycle.ts';

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
export function runningInit(
  engine: Engine,
  id: string,
  { operation, ...words }: RefusalWords & { operation: Operation },
): InitProcess {
  const entry = engine.store.containers.entry(id);
  const { state, summary } = entry;
  // The name is looked up for the message alone.
  const subject = { state: state.state, host: state.hostName, get name() { return entry.name; } };
  requireAllowed(operation, subject, words);
  assert(summary.init !== undefined);
  return summary.init;
}
