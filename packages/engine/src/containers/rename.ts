/** `rename`: another name for a container, running or not. */
import type { Engine } from '../engine.ts';
import { requireAllowed } from '../lifecycle.ts';

/** The container has the new name. Throws ConflictError when another has it. */
export function renameContainer(engine: Engine, name: string, newName: string): void {
  const { containers } = engine.store;
  const id = containers.resolve(name);
  const { state, hostName } = containers.state(id);
  requireAllowed('rename', { name, state, host: hostName });
  containers.rename(id, newName);
}
