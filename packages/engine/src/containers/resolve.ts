/** From what a user names (names, ids, --all, --latest, --filter, --cidfile) to full ids. */
import { NotFoundError } from '@berth/errors';
import { readBounded } from '@berth/transport';
import type { Engine } from '../engine.ts';
import type { Filter } from '../filter.ts';
import type { ContainerState } from '../lifecycle.ts';
import { matchingContainers } from './container-filters.ts';

/** How containers are chosen. */
export interface Selection {
  names: readonly string[];
  all: boolean;
  latest: boolean;
  filters: readonly Filter[];
  cidFiles: readonly string[];
  /** With --all or filters: only containers in one of these states. */
  states?: readonly ContainerState[] | undefined;
}

/** Full ids, each once, in the order given. Throws NotFoundError for an unknown name. */
export async function resolveContainers(engine: Engine, selection: Selection): Promise<string[]> {
  const { store } = engine;
  const ids: string[] = [];
  if (selection.all || selection.filters.length > 0) {
    const entries = matchingContainers(engine, selection.filters);
    const wanted = entries.filter(
      ({ state }) => selection.states?.includes(state.state) ?? true,
    );
    ids.push(...wanted.map(({ id }) => id));
  }
  if (selection.latest) {
    ids.push(store.containers.latest());
  }
  const files = selection.cidFiles.map(readIdFile);
  ids.push(...[...selection.names, ...files].map((name) => store.containers.resolve(name)));
  return [...new Set(ids)];
}

/** Whether a container of that name or id exists. */
export function containerExists(engine: Engine, name: string): boolean {
  try {
    engine.store.containers.resolve(name);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) {
      return false;
    }
    throw error;
  }
}

/** The id in a file that `--cidfile` wrote. Throws NotFoundError. */
export function readIdFile(path: string): string {
  try {
    return readBounded(path).trim();
  } catch (cause) {
    throw new NotFoundError('NO_CID_FILE', `read container id file "${path}"`, { cause });
  }
}
