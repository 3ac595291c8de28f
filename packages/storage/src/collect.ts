/**
 * Collection removes everything that nothing points to any more, and repairs what killed commands
 * left. It takes layers and blobs away first and looks at the references again afterwards, so a
 * command that begins to use one meanwhile gets it back. Two collections at once disturb neither
 * each other nor any other command.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobStore } from './blobs.ts';
import type { ContainerNames } from './container-names.ts';
import type { ContainerStore } from './containers.ts';
import { requireFolders } from './folders.ts';
import { attempt } from './fs-errors.ts';
import type { ImageStore } from './images.ts';
import type { LayerStore } from './layers.ts';
import type { Layout } from './layout.ts';
import { isId } from './names.ts';
import { layersOf } from './records.ts';
import { isOwnRunDirectory } from './run-directory.ts';
import type { ShiftedLayerStore } from './shifted-layers.ts';
import type { Staging } from './staging.ts';
import type { StoreLock } from './store-lock.ts';
import type { RemoveTrees, Trash, TrashKind } from './trash.ts';
import { listDirectory } from './whole-file.ts';

/** How far to go. */
export interface CollectOptions {
  /** Removes trees with files of subordinate ids. If it is not given, they stay in the trash. */
  readonly removeTrees?: RemoveTrees | undefined;
  /**
   * Shifted trees that containers need, by ShiftedLayerStore.folder(); the others are removed.
   * Undefined if that is not known. If not given, each tree stays as long as its layers do, because
   * making one again takes time.
   */
  readonly neededShifted?: (() => ReadonlySet<string> | undefined) | undefined;
  /** Interrupted downloads younger than this are kept for resuming. A day by default. */
  readonly keepPartialMs?: number | undefined;
}

/** What went. */
export interface CollectReport {
  /** Diff ids. */
  readonly layers: readonly string[];
  readonly blobs: readonly string[];
  /** Of layers and blobs. */
  readonly reclaimedBytes: number;
  /** Paths in the trash that could not be removed. */
  readonly left: readonly string[];
}

/** The parts of a store that collection needs. */
export interface CollectParts {
  readonly layout: Layout;
  readonly staging: Staging;
  readonly trash: Trash;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly shiftedLayers: ShiftedLayerStore;
  readonly images: ImageStore;
  readonly containers: ContainerStore;
  readonly containerNames: ContainerNames;
  readonly lock: StoreLock;
}

const DAY_MS = 24 * 3600 * 1000;

/**
 * Nothing unreferenced and nothing half-made by dead processes is left, except what `left` names.
 */
export async function collect(
  parts: CollectParts,
  options: CollectOptions = {},
): Promise<CollectReport> {
  requireFolders(parts.layout);
  const found = await parts.lock.hold(() => {
    sweepStaging(parts);
    parts.trash.putBackLeft();
    sweepNames(parts);
    sweepRunDirectories(parts);
    sweepPartials(parts, options.keepPartialMs ?? DAY_MS);
    const layers = collectLayers(parts);
    parts.shiftedLayers.sweep(new Set(parts.layers.list()));
    if (options.neededShifted !== undefined) collectShifted(parts, options.neededShifted);
    return { layers, blobs: collectBlobs(parts) };
  });
  const left = await parts.trash.empty(options.removeTrees);
  return {
    layers: found.layers.keys,
    blobs: found.blobs.keys,
    reclaimedBytes: found.layers.bytes + found.blobs.bytes,
    left,
  };
}

/** Half-made things of dead processes are in the trash. */
export function sweepStaging({ staging, trash }: Pick<CollectParts, 'staging' | 'trash'>): void {
  for (const entry of staging.entries()) if (entry.isDead) trash.take(entry.path, 'tree');
}

function sweepNames({ containerNames, containers, images }: CollectParts): void {
  const links = containerNames.links();
  const names = containerNames.byId(links);
  for (const [name, id] of links) {
    if (containers.exists(id) && names.get(id) !== name) containerNames.release(name, id);
    else containerNames.releaseStale(name);
  }
  images.sweepNames();
}

function sweepRunDirectories({ layout, containers, containerNames }: CollectParts): void {
  for (const id of listDirectory(layout.runContainers).filter(isId)) {
    const path = join(layout.runContainers, id);
    if (!isOwnRunDirectory(layout, id)) continue;
    if (containers.exists(id) || !containerNames.isStale(id)) continue;
    attempt('remove', path, () => rmSync(path, { recursive: true, force: true }));
  }
}

function sweepPartials({ blobs }: CollectParts, keepMs: number): void {
  for (const partial of blobs.partials()) {
    if (Date.now() - partial.modifiedAtMs < keepMs) continue;
    attempt('remove', partial.path, () => rmSync(partial.path, { force: true }));
  }
}

interface Found {
  readonly keys: readonly string[];
  readonly bytes: number;
}

/** One kind of object that is kept only while something uses it. */
interface Kind {
  readonly trash: Trash;
  readonly list: () => readonly string[];
  /** The objects in use. Undefined when a damaged record hides what it needs; all are kept then. */
  readonly used: () => ReadonlySet<string> | undefined;
  readonly sizeOf: (key: string) => number;
  readonly pathOf: (key: string) => string;
  readonly trashKind: TrashKind;
}

/** Takes unused objects, looks again, and puts back those that have come into use meanwhile. */
function takeUnused(kind: Kind): Found {
  const before = kind.used();
  if (before === undefined) return { keys: [], bytes: 0 };
  const taken = kind.list().filter((key) => !before.has(key)).flatMap((key) => {
    const bytes = kind.sizeOf(key);
    const held = kind.trash.hold(kind.pathOf(key), kind.trashKind);
    return held === undefined ? [] : [{ key, bytes, held }];
  });
  let gone: typeof taken = [];
  try {
    const after = taken.length === 0 ? before : kind.used();
    gone = taken.filter(({ key }) => after?.has(key) === false);
  } finally {
    // Put back before anything else, because other commands wait for it.
    for (const one of taken) if (!gone.includes(one)) one.held.putBack();
  }
  for (const { held } of gone) held.giveUp();
  return {
    keys: gone.map(({ key }) => key),
    bytes: gone.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function collectLayers(parts: CollectParts): Found {
  return takeUnused({
    trash: parts.trash,
    list: () => parts.layers.list(),
    used: () => usedLayers(parts),
    sizeOf: (diffId) => layerBytes(parts.layers, diffId),
    pathOf: (diffId) => parts.layers.path(diffId),
    trashKind: 'tree',
  });
}

function collectShifted(
  { trash, shiftedLayers }: CollectParts,
  used: () => ReadonlySet<string> | undefined,
): Found {
  return takeUnused({
    trash, used, list: () => shiftedLayers.folders(), sizeOf: () => 0, pathOf: (path) => path,
    trashKind: 'tree',
  });
}

function collectBlobs(parts: CollectParts): Found {
  return takeUnused({
    trash: parts.trash,
    list: () => parts.blobs.list(),
    used: () => usedBlobs(parts),
    sizeOf: (digest) => parts.blobs.sizeBytes(digest) ?? 0,
    pathOf: (digest) => parts.blobs.path(digest),
    trashKind: 'plain',
  });
}

/** Diff ids of the layers that something needs; undefined when a damaged record hides needs. */
export function usedLayers({ images, containers, staging }: CollectParts): Set<string> | undefined {
  if (!images.areRecordsReadable() || !containers.areRecordsReadable()) return undefined;
  return new Set([
    ...pinnedDigests(staging, 'layer-'),
    ...images.list().flatMap(({ record }) => record.layers.map(({ diffId }) => diffId)),
    ...containers.records().flatMap(layersOf),
  ]);
}

/** Digests of the blobs that something needs; undefined when a damaged record hides needs. */
export function usedBlobs({ images, staging }: CollectParts): Set<string> | undefined {
  if (!images.areRecordsReadable()) return undefined;
  const used = new Set(pinnedDigests(staging, 'blob-'));
  for (const { record } of images.list()) {
    used.add(`sha256:${record.id}`);
    for (const digest of record.keptBlobs ?? []) used.add(digest);
    for (const { manifestDigest, indexDigest } of images.origins(record.id)) {
      used.add(manifestDigest);
      if (indexDigest !== undefined) used.add(indexDigest);
    }
  }
  return used;
}

/** The digests of one kind that living sessions pin. */
function pinnedDigests(staging: Staging, prefix: 'layer-' | 'blob-'): string[] {
  return [...staging.pins()].filter((pin) => pin.startsWith(prefix))
    .map((pin) => pin.slice(prefix.length).replace('-', ':'));
}

function layerBytes(layers: LayerStore, diffId: string): number {
  try {
    return layers.record(diffId).sizeBytes;
  } catch {
    return 0;
  }
}
