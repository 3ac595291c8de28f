/** Checks containers: their records, what those need, and their names. */
import { join } from 'node:path';
import { IntegrityError } from '@berth/errors';
import type { CheckParts, StoreFinding } from './check-finding.ts';
import { problemOf } from './check-finding.ts';
import { isId } from './names.ts';
import { layersOf } from './records.ts';
import { parseSummary } from './summary.ts';
import { listDirectory, readIfThere, unlessDamaged } from './whole-file.ts';

const NAMES = 'names';

/** Findings about containers/ and containers/names/. */
export function checkContainers(parts: CheckParts): StoreFinding[] {
  const { containers, layout } = parts;
  const strangers = listDirectory(layout.containers)
    .filter((name) => name !== NAMES && !isId(name));
  return [
    ...containers.ids().flatMap((id) => checkContainer(parts, id)),
    ...checkNames(parts),
    ...strangers.map((name): StoreFinding => ({
      kind: 'stranger', object: join(layout.containers, name), state: 'unused',
      problem: 'is no container',
    })),
  ];
}

function checkContainer(parts: CheckParts, id: string): StoreFinding[] {
  const { containers, layers, volumes } = parts;
  const problem = problemOf(() => requireSound(parts, id));
  if (problem !== undefined) {
    return containers.exists(id)
      ? [{ kind: 'container', object: id, problem, state: 'damaged' }] : [];
  }
  const record = containers.record(id);
  const missing = (text: string): StoreFinding =>
    ({ kind: 'container', object: id, problem: text, state: 'missing' });
  return [
    ...layersOf(record).filter((diffId) => !layers.has(diffId))
      .map((diffId) => missing(`its layer "${diffId}" is missing`)),
    ...record.volumes.filter((name) => !isVolumeThere(volumes, name))
      .map((name) => missing(`its volume "${name}" is missing`)),
  ];
}

function isVolumeThere(volumes: CheckParts['volumes'], name: string): boolean {
  // A damaged volume is a finding of its own.
  return unlessDamaged(() => volumes.exists(name)) ?? true;
}

function requireSound({ containers }: CheckParts, id: string): void {
  const record = containers.record(id);
  if (record.id !== id) throw damaged('its record is of another container');
  const isTyped = Array.isArray(record.layers) && Array.isArray(record.volumes)
    && typeof record.name === 'string' && typeof record.imageId === 'string';
  if (!isTyped) throw damaged('its record lacks what it must say');
  const { spec, summary } = containers.paths(id);
  requireJson(spec, 'spec.json');
  const text = readIfThere(summary)?.toString();
  if (text === undefined) throw damaged('its summary is missing');
  const { createdAtMs } = parseSummary(text);
  if (!(createdAtMs > 0) || !text.endsWith('\n')) throw damaged('its summary is damaged');
}

function requireJson(path: string, name: string): void {
  const bytes = readIfThere(path);
  if (bytes === undefined) throw damaged(`its ${name} is missing`);
  try {
    JSON.parse(bytes.toString());
  } catch {
    throw damaged(`its ${name} is damaged`);
  }
}

function damaged(problem: string): IntegrityError {
  return new IntegrityError('DAMAGED_CONTAINER', problem);
}

function checkNames({ containers, containerNames }: CheckParts): StoreFinding[] {
  const links = containerNames.links();
  const names = containerNames.byId(links);
  const finding = (object: string, problem: string): StoreFinding =>
    ({ kind: 'container-name', object, problem, state: 'missing' });
  return [...links].flatMap(([name, id]) => {
    if (containers.exists(id)) {
      return names.get(id) === name ? [] : [finding(name, 'is a second name of a container')];
    }
    if (!containerNames.isStale(id)) return [];
    return [finding(name, `points to container "${id.slice(0, 12)}", which is not there`)];
  });
}
