/**
 * Mends layers in place from their recipes, so that an image that no registry has is not lost for
 * a changed mode. A worker does it, as root of the user's namespace; then the layer is checked
 * again. Whatever still differs is left to the repairs that need more.
 */
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { idMapKey, spawnWorker } from '@berth/isolation';
import type { MendAnswer, MendRequest } from '@berth/layers';
import type { LayerRecord } from '@berth/storage';
import { stateIfThere } from '../containers/wait.ts';
import type { Engine } from '../engine.ts';
import { treePolicy } from '../images/tree-policy.ts';
import { ADDITIONAL, isAboutTree, keyOf, layerFindings } from './check-findings.ts';
import { checkLayerTrees } from './check-layers.ts';
import type { CheckFinding, CheckOptions } from './check-report.ts';
import { runningUsers } from './layer-users.ts';

/** What was done about each finding that is dealt with. */
export async function mendLayers(
  engine: Engine,
  findings: readonly CheckFinding[],
  options: CheckOptions,
): Promise<Map<CheckFinding, string>> {
  const actions = new Map<CheckFinding, string>();
  const damaged = findings.filter(({ kind, state }) => kind === 'layer' && state === 'damaged');
  for (const diffId of new Set(damaged.map(({ object }) => object))) {
    const record = mendableRecord(engine, diffId, options);
    if (record === undefined) continue;
    const about = damaged.filter(({ object }) => object === diffId);
    const { failure, isWorthAnotherTry } = await mendLayer(engine, record, options);
    const left = (await checkLayerTrees(engine, [record], options)).flatMap(layerFindings);
    const mended = mendedFindings(about, left);
    for (const finding of mended) {
      actions.set(finding, finding.problem === ADDITIONAL ? 'removed' : 'mended');
    }
    if (left.length === 0) forgetShifted(engine, diffId);
    if (!isWorthAnotherTry || left.length === 0 || options.force) continue;
    for (const finding of about.filter((one) => !actions.has(one))) {
      actions.set(finding, `left alone: ${failure ?? ''}`);
    }
  }
  return actions;
}

/**
 * Undefined for a layer that can't be mended in place: its recipe is not proven, it belongs to
 * other ids, or a container runs on it. The kernel does not say what an overlay shows whose lower
 * folders change; `--force` would otherwise take them from under the container.
 */
function mendableRecord(
  engine: Engine,
  diffId: string,
  { force }: CheckOptions,
): LayerRecord | undefined {
  const record = engine.store.layers.readable(diffId);
  const isProven = record?.diffId === diffId && record.recipeDigest !== undefined;
  // Root of a container has other numbers for the same ids.
  const isOurs = engine.account.uid === 0 || record?.idMap === idMapKey(engine.idMaps);
  const running = runningUsers(engine, new Set([diffId]));
  const isFree = running.every((id) => force && stateIfThere(engine, id)?.state !== 'elsewhere');
  return isProven && isOurs && isFree ? record : undefined;
}

/** If other faults have come to light instead, the old findings stand for them. */
function mendedFindings(about: readonly CheckFinding[], left: readonly CheckFinding[]) {
  const keys = new Set(left.map(keyOf));
  const mended = about.filter((one) => isAboutTree(one) && !keys.has(keyOf(one)));
  return left.length > 0 && mended.length === about.length ? [] : mended;
}

async function mendLayer(
  engine: Engine,
  { diffId, recipeDigest, marks, skippedAttributes }: LayerRecord,
  { quick }: CheckOptions,
): Promise<MendAnswer> {
  const { layers } = engine.store;
  const request: MendRequest = {
    tree: layers.treePath(diffId), recipe: layers.recipePath(diffId),
    diffId, recipeDigest, marks, quick,
    owners: treePolicy(engine).owners,
    canLackAttributes: (skippedAttributes ?? 1) > 0,
    others: layers.list().filter((other) => other !== diffId).map((other) =>
      ({ tree: layers.treePath(other), recipe: layers.recipePath(other) })),
  };
  const worker = spawnWorker(engine.enter, ['mend'], ['pipe', 'pipe', 'inherit']);
  const closed = once(worker, 'close');
  worker.stdin?.on('error', () => undefined);
  worker.stdin?.end(JSON.stringify(request));
  const answer = worker.stdout === null ? '' : await text(worker.stdout);
  await closed;
  if (answer !== '') return JSON.parse(answer) as MendAnswer;
  return { failure: 'mend layer: the worker ended without an answer', isWorthAnotherTry: true };
}

/** Trees with other owners may be copies of the damage; they are made again when needed. */
function forgetShifted(engine: Engine, diffId: string): void {
  const { store } = engine;
  if (runningUsers(engine, new Set([diffId])).length > 0) return;
  store.shiftedLayers.sweep(new Set(store.layers.list().filter((other) => other !== diffId)));
}
