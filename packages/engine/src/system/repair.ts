/**
 * Repairs what `system check` found: from the store itself (mend-layers.ts), from the registry that
 * an image came from, or by removing what can't be restored.
 */
import { describe, EngineError } from '@berth/errors';
import { removeById } from '../containers/remove.ts';
import { stateIfThere } from '../containers/wait.ts';
import { collectGarbage, openEngine, type Engine } from '../engine.ts';
import { pullImage } from '../images/pull.ts';
import type { CheckFinding, CheckOptions } from './check-report.ts';
import { runningUsers } from './layer-users.ts';
import { mendLayers } from './mend-layers.ts';

/** The attempted action for each finding, as text that follows the object's name. */
export type RepairActions = Map<CheckFinding, string>;

/** Everything that can be repaired is repaired. What works is not touched. */
export async function repairAll(
  engine: Engine,
  findings: readonly CheckFinding[],
  options: CheckOptions,
): Promise<RepairActions> {
  const actions: RepairActions = await mendLayers(engine, findings, options);
  const images = damagedImages(engine, findings.filter((one) => !actions.has(one)));
  for (const [id, about] of images) {
    const action = await repairImage(engine, { id, about, options });
    for (const finding of about) actions.set(finding, action);
  }
  for (const finding of findings.filter((one) => !actions.has(one))) {
    const action = await repairOther(engine, finding, options.force);
    if (action !== undefined) actions.set(finding, action);
  }
  // A folder that was moved or lost may come back, and its content may need what seems unused now.
  if (!findings.some(({ kind }) => kind === 'folder')) await collectGarbage(engine);
  return actions;
}

/** The images that findings are about, directly or through one of their layers or blobs. */
function damagedImages(
  engine: Engine,
  findings: readonly CheckFinding[],
): Map<string, CheckFinding[]> {
  const { images } = engine.store;
  const found = new Map<string, CheckFinding[]>();
  const add = (id: string, finding: CheckFinding): void => {
    found.set(id, [...(found.get(id) ?? []), finding]);
  };
  const entries = images.list();
  for (const finding of findings) {
    const { kind, object } = finding;
    if (kind === 'image') add(object, finding);
    if (kind === 'layer') {
      entries
        .filter(({ record }) => record.layers.some(({ diffId }) => diffId === object))
        .forEach(({ record }) => add(record.id, finding));
    }
    if (kind === 'blob') {
      images
        .ids()
        .filter((id) => `sha256:${id}` === object || isManifestOf(engine, id, object))
        .forEach((id) => add(id, finding));
    }
  }
  return found;
}

function isManifestOf({ store }: Engine, id: string, digest: string): boolean {
  return store.images.idsOfManifest(digest).includes(id);
}

interface ImageRepair {
  id: string;
  about: readonly CheckFinding[];
  options: CheckOptions;
}

async function repairImage(engine: Engine, repair: ImageRepair): Promise<string> {
  const { id, about, options } = repair;
  const { force } = options;
  const layers = about.filter(({ kind }) => kind === 'layer').map(({ object }) => object);
  const running = runningUsers(engine, new Set(layers));
  if (running.length > 0 && !force) {
    const ids = running.map((user) => user.slice(0, 12)).join(', ');
    return `left alone: container ${ids} runs on it`;
  }
  const [distant] = [...running, ...engine.store.containers.usersOfImage(id)]
    .filter((user) => stateIfThere(engine, user)?.state === 'elsewhere');
  if (distant !== undefined) return `left alone: container ${distant.slice(0, 12)} runs elsewhere`;
  const taken = holdDamaged(engine, about);
  // Layers share files by links, so a damaged file is damaged in every layer. The new files must
  // not be linked to it.
  const apart = openEngine({ ...engine.options, keepsLayersApart: true });
  const pulled = await pullAgain(apart, id, options);
  if (pulled.ok) {
    for (const held of taken) held.giveUp();
    return `pulled again from ${pulled.from}`;
  }
  const users = engine.store.containers.usersOfImage(id);
  if (users.length > 0 && !force) {
    for (const held of taken) held.putBack();
    return `left alone: ${pulled.reason}; container ${users[0]?.slice(0, 12) ?? ''} uses it`;
  }
  for (const user of users) {
    await removeById(engine, user, { force: true, volumes: false, timeoutSeconds: 0 });
  }
  for (const held of taken) held.giveUp();
  engine.store.images.remove(id);
  return `removed: ${pulled.reason}`;
}

/** Damaged objects are moved away, so that a pull brings them again. */
function holdDamaged({ store }: Engine, about: readonly CheckFinding[]) {
  const paths = new Set(
    about.flatMap(({ kind, object, state }) => {
      if (state !== 'damaged') return [];
      if (kind === 'layer') return [store.layers.path(object)];
      return kind === 'blob' ? [store.blobs.path(object)] : [];
    }),
  );
  return [...paths].flatMap((path) => store.trash.hold(path, 'tree') ?? []);
}

type Pulled = { ok: true; from: string } | { ok: false; reason: string };

/** Tries every repository that the image is known to come from. */
async function pullAgain(
  engine: Engine,
  id: string,
  options: CheckOptions,
): Promise<Pulled> {
  const origins = originsOf(engine, id).filter(({ repository }) => repository !== '');
  let reason = 'it came from no registry';
  for (const { repository, manifestDigest } of origins.reverse()) {
    const name = `${repository}@${manifestDigest}`;
    try {
      const ids = await pullImage(engine, name, options.pull);
      if (ids.includes(id)) return { ok: true, from: repository };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      reason = describe(error);
    }
  }
  return { ok: false, reason };
}

function originsOf({ store }: Engine, id: string) {
  try {
    return store.images.origins(id);
  } catch (error) {
    if (error instanceof EngineError) return [];
    throw error;
  }
}

/** A finding that can't be repaired does not stop the other repairs. */
async function repairOther(
  engine: Engine,
  finding: CheckFinding,
  force: boolean,
): Promise<string | undefined> {
  try {
    return await repairOne(engine, finding, force);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return `left alone: ${describe(error)}`;
  }
}

async function repairOne(
  engine: Engine,
  finding: CheckFinding,
  force: boolean,
): Promise<string | undefined> {
  const { kind, object, state } = finding;
  if (kind === 'container' && force) {
    await removeById(engine, object, { force: true, volumes: false, timeoutSeconds: 0 });
    return 'removed';
  }
  if (kind === 'container') return 'left alone: --force removes it';
  if (kind === 'stranger') return 'left alone: it may be yours';
  if (state === 'unused') return 'removed';
  if (kind === 'layer' || kind === 'blob') return removeUnneeded(engine, finding);
  return (await engine.store.repair(finding)) ? REPAIRED[kind] : undefined;
}

const REPAIRED: Readonly<Record<string, string>> = {
  'image-name': 'removed',
  'image-origin': 'removed',
  'container-name': 'removed',
  folder: 'moved aside, as it was',
  volume: 'mended; data that was there is as it was',
};

/** No image has this object; it is removed when nothing else needs it. */
function removeUnneeded({ store }: Engine, { kind, object }: CheckFinding): string {
  const isNeeded =
    kind === 'layer' && store.containers.records().some(({ layers }) => layers.includes(object));
  if (isNeeded) return 'left alone: a container needs it; --force removes nothing of a container';
  store.trash.take(kind === 'layer' ? store.layers.path(object) : store.blobs.path(object), 'tree');
  return 'removed';
}
