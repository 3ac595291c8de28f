/** Which containers a new one shares namespaces with: `--network container:X` and the like. */
import { ConflictError } from '@berth/errors';
import type { ContainerRequest } from '@berth/bundle';
import type { NamespaceSettings } from '@berth/isolation';
import { readBounded } from '@berth/transport';
import type { Engine } from '../engine.ts';
import type { JoinedFiles } from './etc-files.ts';
import { runningInit } from './init-process.ts';
import type { BerthContainer } from './record.ts';

/**
 * For each namespace that is joined: the id of the container that has it. Throws for unknown
 * containers.
 */
export function joinsOf(engine: Engine, request: ContainerRequest): Record<string, string> {
  const wishes: [string, { kind: string; value?: string | undefined }][] = [
    ['net', request.network],
    ['pid', request.pid],
    ['ipc', request.ipc],
    ['uts', request.uts],
    ['cgroup', request.cgroupns],
  ];
  const joins: Record<string, string> = {};
  for (const [name, wish] of wishes) {
    if (wish.kind === 'container' && 'value' in wish && wish.value !== undefined) {
      joins[name] = engine.store.containers.resolve(wish.value);
    }
  }
  return joins;
}

/** How names are resolved in the container whose network is joined. */
export function joinedFiles(engine: Engine, { joins }: BerthContainer): JoinedFiles {
  const id = joins['net'];
  if (id === undefined) return {};
  const { hosts, resolvConf } = engine.store.containers.paths(id);
  return { hosts: textOf(hosts), 'resolv.conf': textOf(resolvConf) };
}

/** Undefined for a file that is not there, or that its container has made too long to be one. */
function textOf(path: string): string | undefined {
  try {
    return readBounded(path);
  } catch {
    return undefined;
  }
}

/** The live namespaces to join. Throws ConflictError when one of the containers does not run. */
export function liveJoins(
  engine: Engine,
  record: BerthContainer,
): Record<string, NamespaceSettings> {
  const settings: Record<string, NamespaceSettings> = {};
  for (const [name, id] of Object.entries(record.joins)) {
    if (!engine.store.containers.exists(id)) {
      throw new ConflictError(
        'JOINED_GONE',
        `join the ${name} namespace of container "${id.slice(0, 12)}": it is gone`,
      );
    }
    const { pid, startTime } = runningInit(engine, id, {
      operation: 'join', purpose: `join the ${name} namespace of`,
    });
    settings[name] = { from: 'process', pid, startTime };
  }
  return settings;
}
