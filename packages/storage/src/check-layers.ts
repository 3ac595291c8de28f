/** Checks what is known of layers without reading their trees: parts, records, use. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { IntegrityError } from '@berth/errors';
import type { CheckParts, StoreCheckOptions, StoreFinding } from './check-finding.ts';
import { problemOf } from './check-finding.ts';
import { usedLayers } from './collect.ts';
import { ifThere } from './fs-errors.ts';
import { listDirectory } from './whole-file.ts';

/** Findings about layers/. */
export function checkLayers(parts: CheckParts, options: StoreCheckOptions): StoreFinding[] {
  const { layers, layout } = parts;
  const diffIds = layers.list();
  const known = new Set(diffIds.map((diffId) => diffId.replace('sha256:', '')));
  const strangers = listDirectory(layout.layers).filter((name) => !known.has(name));
  const used = usedLayers(parts);
  return [
    ...diffIds.flatMap((diffId): StoreFinding[] => {
      const problem = problemOf(() => requireWhole(parts, diffId));
      return problem === undefined
        ? [] : [{ kind: 'layer', object: diffId, problem, state: 'damaged' }];
    }),
    ...diffIds.filter((diffId) => used?.has(diffId) === false
      && ageMs(layers.path(diffId)) >= (options.unusedAgeMs ?? 0))
      .map((diffId): StoreFinding => ({
        kind: 'layer', object: diffId, problem: 'no image and no container uses it',
        state: 'unused',
      })),
    ...strangers.map((name): StoreFinding => ({
      kind: 'stranger', object: join(layout.layers, name), state: 'unused',
      problem: 'is no layer',
    })),
  ];
}

function requireWhole({ layers }: CheckParts, diffId: string): void {
  if (!layers.has(diffId)) return;
  const record = layers.record(diffId);
  if (record.diffId !== diffId) throw damaged('its record is of another layer');
  const isTyped = Number.isSafeInteger(record.sizeBytes) && Number.isSafeInteger(record.fileCount)
    && typeof record.idMap === 'string';
  if (!isTyped) throw damaged('its record lacks what it must say');
  const tree = ifThere(() => lstatSync(layers.treePath(diffId)));
  if (tree?.isDirectory() !== true) throw damaged('its tree is missing');
  const recipe = ifThere(() => lstatSync(layers.recipePath(diffId)));
  if (recipe?.isFile() !== true) throw damaged('its recipe is missing');
}

function damaged(problem: string): IntegrityError {
  return new IntegrityError('DAMAGED_LAYER', problem);
}

/** For how long it has been at its place, at most; 0 if the clock was set back since. */
export function ageMs(path: string): number {
  const status = ifThere(() => lstatSync(path));
  return status === undefined ? 0 : Math.max(0, Date.now() - status.ctimeMs);
}
