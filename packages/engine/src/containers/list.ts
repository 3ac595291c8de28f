/** `ps`: the containers of the store, chosen and sorted. */
import { UsageError } from '@berth/errors';
import type { Engine } from '../engine.ts';
import type { Filter } from '../filter.ts';
import { ContainerEntry } from './container-entry.ts';
import { matchingContainers } from './container-filters.ts';

export type { ContainerEntry, NamespaceKey } from './container-entry.ts';
export type { PortMapping } from './published-ports.ts';

/** Which containers are listed, in which order. */
export interface ListOptions {
  all: boolean;
  filters: readonly Filter[];
  /** Lists only this many, in any state; undefined lists all. */
  last: number | undefined;
  size: boolean;
  sort: string | undefined;
}

/** The containers that were asked for, oldest first unless sorted otherwise. Throws UsageError. */
export async function listContainers(
  engine: Engine,
  options: ListOptions,
): Promise<ContainerEntry[]> {
  const showsAll = options.all || options.last !== undefined || filtersByState(options.filters);
  const stored = matchingContainers(engine, options.filters).filter(
    ({ state }) => showsAll || LIVE.includes(state.state),
  );
  const entries = stored.slice(0, options.last).map((entry) => new ContainerEntry(engine, entry));
  if (options.size) {
    const { measureContainer } = await import('./size.ts');
    for (const entry of entries) {
      Object.assign(entry, measureContainer(engine, entry.id));
    }
  }
  return sorted(entries, options.sort ?? 'created');
}

const LIVE: readonly string[] = ['running', 'paused', 'stopping'];

function filtersByState(filters: readonly Filter[]): boolean {
  return filters.some(({ key }) => key === 'status' || key === 'exited');
}

const SORT_KEYS: Record<string, (entry: ContainerEntry) => string | number> = {
  command: (entry) => entry.command.join(' '),
  created: (entry) => entry.createdAt.getTime(),
  id: (entry) => entry.id,
  image: (entry) => entry.image,
  names: (entry) => entry.names[0] ?? '',
  runningfor: (entry) => -(entry.startedAt?.getTime() ?? 0),
  size: (entry) => entry.sizeRw ?? 0,
  status: (entry) => entry.state,
};

function sorted(entries: ContainerEntry[], key: string): ContainerEntry[] {
  const value = new Map(Object.entries(SORT_KEYS)).get(key.toLowerCase());
  if (value === undefined) {
    throw new UsageError('BAD_SORT_KEY', `sort by "${key}": no such key`, {
      hint: `use one of ${Object.keys(SORT_KEYS).join(', ')}`,
    });
  }
  const keyed = entries.map((entry) => ({ entry, by: value(entry) }));
  keyed.sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : 0));
  return keyed.map(({ entry }) => entry);
}
