/**
 * `pause` and `unpause`: the kernel's freezer stops all processes of a container, its supervisor
 * included, and resumes them. The container must have a cgroup of its own.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { SystemError, UnsupportedError } from '@berth/errors';
import { pausedMarker } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { requireAllowed, type ContainerState } from '../lifecycle.ts';
import { initOf } from './init-process.ts';
import { pauses, stateIfThere } from './wait.ts';

const CGROUP_ROOT = '/sys/fs/cgroup';
const FREEZE_MS = 5_000;
const LIVE: readonly ContainerState[] = ['running', 'paused'];

/**
 * The container's processes stand still; answers its id. Throws UnsupportedError where it has no
 * cgroup of its own. The file that says so is written first: without the freezer it means nothing.
 */
export async function pauseContainer(engine: Engine, name: string): Promise<string> {
  const { containers } = engine.store;
  const id = requireState(engine, name, 'pause');
  const folder = ownCgroup(engine, id);
  if (folder === undefined) {
    requireState(engine, id, 'pause');
    throw new UnsupportedError(
      'NO_FREEZER',
      `pause container "${containers.name(id)}": it has no cgroup of its own`,
      { hint: 'see "berth doctor" for what this machine lacks' },
    );
  }
  const paused = pausedMarker(containers.paths(id));
  try {
    writeFileSync(paused, `${folder}\n`, { mode: 0o600 });
    writeFileSync(`${folder}/cgroup.freeze`, '1');
  } catch (cause) {
    requireState(engine, id, 'pause');
    throw new SystemError('FREEZER', `pause container "${id.slice(0, 12)}"`, { cause });
  }
  await settled(folder, id);
  if (!LIVE.includes(stateIfThere(engine, id)?.state ?? 'exited')) {
    // It was killed meanwhile: its supervisor must go on to say so.
    thaw(engine, id);
    requireState(engine, id, 'pause');
  }
  return id;
}

/** The container's processes go on; answers its id. */
export function unpauseContainer(engine: Engine, name: string): string {
  const id = requireState(engine, name, 'unpause');
  thaw(engine, id);
  return id;
}

/** The container is not paused, if ever it was. */
export function thaw(engine: Engine, id: string): void {
  const paused = pausedMarker(engine.store.containers.paths(id));
  if (!existsSync(paused)) return;
  const folder = readOrNothing(paused).trim();
  try {
    if (folder !== '') writeFileSync(`${folder}/cgroup.freeze`, '0');
  } catch (cause) {
    // With its last process the cgroup goes.
    if (existsSync(folder)) {
      throw new SystemError('FREEZER', `unpause container "${id.slice(0, 12)}"`, { cause });
    }
  }
  rmSync(paused, { force: true });
}

function requireState(engine: Engine, name: string, operation: 'pause' | 'unpause'): string {
  const { containers } = engine.store;
  const id = containers.resolve(name);
  const { state, hostName } = containers.state(id);
  requireAllowed(operation, { name: containers.name(id), state, host: hostName });
  return id;
}

/**
 * The folder or scope that Berth made, by its name; a container may have made more below it.
 * Undefined where there is none: what else is in the caller's own cgroup must not be frozen.
 */
function ownCgroup(engine: Engine, id: string): string | undefined {
  const init = initOf(engine, id);
  const text = init === undefined ? '' : readOrNothing(`/proc/${init.pid}/cgroup`);
  const unified = /^0::(.*)$/m.exec(text)?.[1]?.split('/') ?? [];
  const own = unified.findIndex((name) => name.startsWith(`berth-${id.slice(0, 12)}-`));
  return own < 0 ? undefined : `${CGROUP_ROOT}${unified.slice(0, own + 1).join('/')}`;
}

/** Each process stops when it next would leave the kernel: most at once. One that is gone has. */
async function settled(folder: string, id: string): Promise<void> {
  for (const pause of pauses(FREEZE_MS)) {
    if (!/^frozen 0$/m.test(readOrNothing(`${folder}/cgroup.events`))) return;
    if (readOrNothing(`${folder}/cgroup.freeze`).trim() === '0') return;
    await pause();
  }
  throw new SystemError('NOT_FROZEN', `pause container "${id.slice(0, 12)}": a process goes on`, {
    hint: 'ps -eo pid,stat,wchan,args; one in state D waits for a device or a server',
  });
}

/** Empty when the file is gone, or its process. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
