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
 * The container's processes are frozen; answers its id. Throws UnsupportedError where it has no
 * cgroup of its own. The marker file is written before the freeze, so that a killed command leaves
 * no frozen container without a marker; a marker without a freeze has no effect.
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
    // The container was killed meanwhile; its supervisor must run again to record the end.
    thaw(engine, id);
    requireState(engine, id, 'pause');
  }
  return id;
}

/** The container's processes run again; answers its id. */
export function unpauseContainer(engine: Engine, name: string): string {
  const id = requireState(engine, name, 'unpause');
  thaw(engine, id);
  return id;
}

/** The container is not frozen afterwards, whether it was before or not. */
export function thaw(engine: Engine, id: string): void {
  const paused = pausedMarker(engine.store.containers.paths(id));
  if (!existsSync(paused)) return;
  const folder = readOrNothing(paused).trim();
  try {
    if (folder !== '') writeFileSync(`${folder}/cgroup.freeze`, '0');
  } catch (cause) {
    // The cgroup is removed when its last process has ended.
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
 * The folder or scope that Berth made for the container, found by its name; a container may have
 * made more cgroups below it. Undefined where there is none: other processes in the caller's own
 * cgroup must not be frozen.
 */
function ownCgroup(engine: Engine, id: string): string | undefined {
  const init = initOf(engine, id);
  const text = init === undefined ? '' : readOrNothing(`/proc/${init.pid}/cgroup`);
  const unified = /^0::(.*)$/m.exec(text)?.[1]?.split('/') ?? [];
  const own = unified.findIndex((name) => name.startsWith(`berth-${id.slice(0, 12)}-`));
  return own < 0 ? undefined : `${CGROUP_ROOT}${unified.slice(0, own + 1).join('/')}`;
}

/**
 * Waits until all are frozen. Each process stops when it next would leave the kernel, most at once.
 * A cgroup that is gone counts as frozen.
 */
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

/** Empty when the file does not exist or its process has ended. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
