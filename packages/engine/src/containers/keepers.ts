/**
 * Chooses the user namespace of a container. Normally it is the one that all containers of the
 * user share. Inside a container whose /proc is masked, each container has its own: there all
 * containers see all processes, and the kernel protects the processes of one container from the
 * root of another only if their user namespaces differ (ptrace(2)).
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemErrorFrom } from '@berth/host';
import { runDirectoryOf } from '@berth/storage';
import type { Engine } from '../engine.ts';
import type { BerthContainer } from './record.ts';

/**
 * The folder of the processes that keep this container's user namespace alive
 * (docs/launch-plan.md). When it joins a container that was started from another login, this is
 * that login's folder.
 */
export function keepersOf(engine: Engine, record: BerthContainer): string {
  const owner = firstOfJoined(engine, record);
  const paths = engine.store.containers.paths(owner);
  const isOwn = owner === record.id;
  const runDirectory = isOwn ? paths.runDirectory : runDirectoryOf(paths);
  if (!engine.isProcMasked) return join(dirname(dirname(runDirectory)), 'keepers');
  // The folder of another login exists while its container runs, and is not made here.
  if (isOwn) ensureDirectory(runDirectory);
  return join(runDirectory, 'keepers');
}

/**
 * Answers the container whose user namespace is used: whoever shares namespaces also shares the
 * user namespace that owns them.
 */
function firstOfJoined(engine: Engine, record: BerthContainer): string {
  let at = record;
  for (const seen = new Set<string>(); !seen.has(at.id);) {
    seen.add(at.id);
    const [joined] = Object.values(at.joins);
    if (joined === undefined || !engine.store.containers.exists(joined)) break;
    at = engine.store.containers.record(joined) as BerthContainer;
  }
  return at.id;
}

/** The folder is in the runtime directory, which is empty after a reboot. */
export function ensureDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw systemErrorFrom(error, 'make directory', path);
  }
}
