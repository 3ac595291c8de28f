/** `ps`: every container from its summary; a record is read only where a column or filter needs it. */
import type { AssignedPort } from '@berth/network';
import type { ContainerEntry as StoredEntry } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { hasLabel, matcher, parseTime, type Filter, type Predicate } from '../filter.ts';
import type { ContainerState } from '../lifecycle.ts';
import type { BerthContainer } from './record.ts';

export interface PortMapping {
  hostAddress: string;
  hostPort: number;
  containerPort: number;
  protocol: string;
  /** How many consecutive ports. */
  count: number;
}

export interface ContainerEntry {
  id: string;
  names: string[];
  image: string;
  imageId: string;
  command: string[];
  createdAt: Date;
  startedAt: Date | undefined;
  exitedAt: Date | undefined;
  state: ContainerState;
  host: string | undefined;
  exitCode: number | undefined;
  pid: number;
  ports: PortMapping[];
  labels: Record<string, string>;
  mounts: string[];
  networks: string[];
  sizeRw: number | undefined;
  sizeRootFs: number | undefined;
}

export interface ListOptions {
  all: boolean;
  filters: readonly Filter[];
  last: number | undefined;
  size: boolean;
  sort: string | undefined;
}

/** The containers asked for, newest first unless sorted otherwise. */
export async function listContainers(
  engine: Engine,
  options: ListOptions,
): Promise<ContainerEntry[]> {
  const showsAll = options.all || options.last !== undefined || filtersByState(options.filters);
  const stored = matchingContainers(engine, options.filters).filter(
    ({ state }) => showsAll || state.state === 'running' || state.state === 'stopping',
  );
  const entries = stored.slice(0, options.last).map((entry) => describeEntry(engine, entry));
  if (options.size) {
    const { measureContainer } = await import('./size.ts');
    for (const entry of entries) {
      Object.assign(entry, measureContainer(engine, entry.id));
    }
  }
  return sorted(entries, options.sort);
}

function filtersByState(filters: readonly Filter[]): boolean {
  return filters.some(({ key }) => key === 'status' || key === 'exited');
}

/** The stored entries that all filters accept, newest first. */
export function matchingContainers(engine: Engine, filters: readonly Filter[]): StoredEntry[] {
  const entries = engine.store.containers.list();
  return filters.length === 0 ? entries : entries.filter(matcher(filters, predicates(engine)));
}

function predicates(engine: Engine): Record<string, Predicate<StoredEntry>> {
  const record = (entry: StoredEntry): BerthContainer => engine.store.containers.record(entry.id);
  const createdAt = (name: string): number =>
    engine.store.containers.entry(engine.store.containers.resolve(name)).summary.createdAtMs;
  return {
    id: (entry, value) => entry.id.startsWith(value),
    name: (entry, value) => new RegExp(value).test(entry.name),
    status: (entry, value) => statusNames(entry.state.state).includes(value),
    exited: (entry, value) => entry.state.exitCode === Number(value),
    label: (entry, value) => hasLabel(record(entry).labels, value),
    ancestor: (entry, value) => matchesAncestor(record(entry), value),
    before: (entry, value) => entry.summary.createdAtMs < createdAt(value),
    since: (entry, value) => entry.summary.createdAtMs > createdAt(value),
    until: (entry, value) => entry.summary.createdAtMs < parseTime(value).getTime(),
    volume: (entry, value) => record(entry).volumes.includes(value) || mountTargets(record(entry)).includes(value),
    network: (entry, value) => record(entry).network === value,
    command: (entry, value) => record(entry).request.command[0] === value,
    publish: (entry, value) => record(entry).ports.some((port) => matchesPort(port, value)),
  };
}

function statusNames(state: ContainerState): string[] {
  return state === 'exited' || state === 'unknown' ? ['exited', 'stopped', state] : [state];
}

function matchesAncestor(record: BerthContainer, value: string): boolean {
  const name = record.imageName;
  return record.imageId.startsWith(value) || name === value || name.startsWith(`${value}:`)
    || name.endsWith(`/${value}`) || name.includes(`/${value}:`);
}

function matchesPort({ hostPort, protocol }: AssignedPort, value: string): boolean {
  const [port, wanted = 'tcp'] = value.split('/');
  return hostPort === Number(port) && protocol === wanted;
}

function mountTargets(record: BerthContainer): string[] {
  return record.request.mounts.map(({ target }) => target);
}

/** The summary says what ps needs; a cut value is read whole from the record. */
function describeEntry(engine: Engine, { id, name, summary, state }: StoredEntry): ContainerEntry {
  const record = engine.store.containers.record<BerthContainer>(id);
  const moment = (text: string | undefined): Date | undefined =>
    text === undefined ? undefined : new Date(Number(text) * 1000);
  return {
    id,
    names: [name],
    image: record.imageName,
    imageId: record.imageId,
    command: displayedCommand(record),
    createdAt: new Date(summary.createdAtMs),
    startedAt: moment(state.started),
    exitedAt: moment(state.finished),
    state: state.state,
    host: state.hostName,
    exitCode: state.exitCode,
    pid: state.pid,
    ports: portMappings(record.ports),
    labels: { ...record.labels },
    mounts: mountTargets(record),
    networks: record.network === 'none' || record.network === 'host' ? [] : [record.network],
    sizeRw: undefined,
    sizeRootFs: undefined,
  };
}

/** What runs in it, image defaults included. */
export function displayedCommand(record: BerthContainer): string[] {
  return [...record.command];
}

/** Ports next to one another on both sides are shown as one range. */
export function portMappings(ports: readonly AssignedPort[]): PortMapping[] {
  const mappings: PortMapping[] = [];
  for (const port of ports) {
    const last = mappings.at(-1);
    const continues =
      last !== undefined &&
      last.hostAddress === port.hostAddress &&
      last.protocol === port.protocol &&
      last.hostPort + last.count === port.hostPort &&
      last.containerPort + last.count === port.containerPort;
    if (continues) {
      last.count += 1;
    } else {
      mappings.push({ ...port, count: 1 });
    }
  }
  return mappings;
}

const SORT_KEYS: Record<string, (entry: ContainerEntry) => string | number> = {
  created: (entry) => -entry.createdAt.getTime(),
  id: (entry) => entry.id,
  image: (entry) => entry.image,
  names: (entry) => entry.names[0] ?? '',
  runningfor: (entry) => -(entry.startedAt?.getTime() ?? 0),
  size: (entry) => entry.sizeRw ?? 0,
  status: (entry) => entry.state,
  command: (entry) => entry.command.join(' '),
};

function sorted(entries: ContainerEntry[], key: string | undefined): ContainerEntry[] {
  const value = SORT_KEYS[key ?? ''];
  if (value === undefined) {
    return entries;
  }
  return entries.sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  });
}
