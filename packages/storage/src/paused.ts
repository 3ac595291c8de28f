/**
 * Whether a running container is paused. The kernel's freezer decides. A file in the container's
 * run directory says that `pause` was ever called, so that a list reads nothing more for
 * containers that were never paused. The file holds the path of the container's cgroup.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerPaths } from './container-paths.ts';
import { runDirectoryOf } from './run-directory.ts';
import type { DerivedState } from './run-state.ts';
import { readIfThere } from './whole-file.ts';

/** This file exists if the container has been paused. */
export function pausedMarker(paths: ContainerPaths): string {
  return join(runDirectoryOf(paths), 'paused');
}

/** The state itself; `paused` instead of `running` if the container's cgroup is frozen. */
export function pausedOr(state: DerivedState, paths: () => ContainerPaths): DerivedState {
  if (state.state !== 'running') return state;
  const path = pausedMarker(paths());
  return existsSync(path) && isFrozen(path) ? { ...state, state: 'paused' } : state;
}

/** If the cgroup is gone, nothing is frozen. */
function isFrozen(marker: string): boolean {
  try {
    const folder = readIfThere(marker)?.toString().trim() ?? '';
    return readFileSync(`${folder}/cgroup.freeze`, 'utf8').trim() === '1';
  } catch {
    return false;
  }
}
