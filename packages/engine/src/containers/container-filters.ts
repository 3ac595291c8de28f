/** The filters of `ps` and of commands that choose containers. */
import { UsageError } from '@berth/errors';
import type { AssignedPort } from '@berth/network';
import type { ContainerEntry as StoredEntry } from '@berth/storage';
import type { Engine } from '../engine.ts';
import {
  hasLabel, matcher, namePattern, parseTime, type Filter, type Predicate,
} from '../filter.ts';
import type { ContainerState } from '../lifecycle.ts';
import { listedRecord } from './listed-record.ts';
import type { BerthContainer } from './record.ts';

/** The stored entries that all filters accept, newest first. Throws UsageError for bad filters. */
export function matchingContainers(engine: Engine, filters: readonly Filter[]): StoredEntry[] {
  filters.forEach(requireValue);
  const entries = engine.store.containers.list();
  return filters.length === 0 ? entries : entries.filter(matcher(filters, predicates(engine)));
}

function predicates(engine: Engine): Record<string, Predicate<StoredEntry>> {
  const { containers } = engine.store;
  const record = ({ id }: StoredEntry): BerthContainer => listedRecord(engine, id);
  const createdAt = (name: string): number =>
    containers.entry(containers.resolve(name)).summary.createdAtMs;
  return {
    id: (entry, value) => entry.id.startsWith(value),
    name: (entry, value) => namePattern(value).test(entry.name),
    status: (entry, value) => statusNames(entry.state.state).includes(value),
    exited: (entry, value) => entry.state.exitCode === Number(value),
    label: (entry, value) => hasLabel(record(entry).labels, value),
    ancestor: (entry, value) => matchesAncestor(record(entry), value),
    before: (entry, value) => entry.summary.createdAtMs < createdAt(value),
    since: (entry, value) => entry.summary.createdAtMs > createdAt(value),
    until: (entry, value) => entry.summary.createdAtMs < parseTime(value).getTime(),
    volume: (entry, value) => matchesVolume(record(entry), value),
    network: (entry, value) => record(entry).network === value,
    command: (entry, value) => record(entry).command[0] === value,
    pod: () => false,
    health: (_, value) => value === 'none',
    'restart-policy': (_, value) => value === 'no' || value === '',
    publish: (entry, value) => record(entry).ports.some((port) => matchesPort(port, value)),
  };
}

const MAX_STATUS = 255;
const STATUSES = [
  'created', 'initialized', 'configured', 'running', 'paused', 'restarting', 'removing', 'stopping',
  'stopped', 'exited', 'dead', 'unknown', 'elsewhere',
];

const POLICIES = ['', 'no', 'always', 'on-failure', 'unless-stopped'];

/** Throws for a value that no container can have, because it must be a mistake. */
function requireValue({ key, value }: Filter): void {
  if (key === 'status' && !STATUSES.includes(value)) {
    throw new UsageError('BAD_FILTER', `filter by status "${value}": no such status`, {
      hint: 'use created, running, paused, stopping, exited, unknown or elsewhere',
    });
  }
  if (key === 'exited' && !(/^\d+$/.test(value) && Number(value) <= MAX_STATUS)) {
    throw new UsageError('BAD_FILTER', `filter by exited "${value}": not a number from 0 to 255`);
  }
  if (key === 'restart-policy' && !POLICIES.includes(value.replace(/:\d+$/, ''))) {
    throw new UsageError('BAD_FILTER', `filter by restart-policy "${value}": no such policy`);
  }
}

function statusNames(state: ContainerState): string[] {
  return state === 'exited' || state === 'unknown' ? ['exited', 'stopped', state] : [state];
}

function matchesAncestor({ imageName, imageId }: BerthContainer, value: string): boolean {
  const isName = imageName === value || imageName.startsWith(`${value}:`);
  const isEnd = imageName.endsWith(`/${value}`) || imageName.includes(`/${value}:`);
  return imageId.startsWith(value) || isName || isEnd;
}

/** By a volume's name, a path of the host, a path in the container, or both as in `-v`. */
function matchesVolume({ volumes, request }: BerthContainer, value: string): boolean {
  return volumes.includes(value) || request.mounts.some((mount) => {
    const source = mount.type === 'bind' ? mount.source : mount.type === 'volume' && mount.name;
    return [source, mount.target, `${source}:${mount.target}`].includes(value);
  });
}

function matchesPort({ hostPort, protocol }: AssignedPort, value: string): boolean {
  const [port, wanted = 'tcp'] = value.split('/');
  return hostPort === Number(port) && protocol === wanted;
}
