/** `system df`: what images, containers and volumes take of the disk, and what of it is shared. */
import { EngineError } from '@berth/errors';
import type { ImageEntry as StoredImage } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { neededShifted } from '../containers/shifted-layers.ts';
import { measureDisk, measureOwn, measureTree } from '../containers/size.ts';
import { createdAt } from '../images/list.ts';
import { dateOfMs } from '../moment.ts';
import { linkedFiles, savedBytes, type LinkedFile } from './linked-files.ts';

/**
 * One image: the bytes of its layers, those shared with other images, and those of this image only.
 */
export interface ImageUse {
  id: string;
  repository: string;
  tag: string;
  createdAt: Date;
  sizeBytes: number;
  sharedBytes: number;
  uniqueBytes: number;
  containers: number;
}

/** One container, with the bytes that it wrote. */
export interface ContainerUse {
  id: string;
  image: string;
  command: string;
  localVolumes: number;
  sizeBytes: number;
  createdAt: Date;
  status: string;
  name: string;
}

/** One volume. */
export interface VolumeUse {
  name: string;
  links: number;
  sizeBytes: number;
}

/** A line of the summary. */
export interface UseSummary {
  type: string;
  total: number;
  active: number;
  sizeBytes: number;
  reclaimableBytes: number;
}

/** Everything that takes space on the disk. */
export interface DiskUse {
  summary: UseSummary[];
  images: ImageUse[];
  containers: ContainerUse[];
  volumes: VolumeUse[];
}

/** The space that the store takes now. Nothing is changed. */
export async function diskUse(engine: Engine): Promise<DiskUse> {
  const stored = engine.store.images.list();
  const linked = linkedFiles(treesOf(engine, stored));
  const images = stored.flatMap((entry) => imageUses(engine, entry, { stored, linked }));
  const containers = containerUses(engine);
  const volumes = volumeUses(engine);
  return {
    summary: [
      imageSummary(engine, { stored, linked }),
      containerSummary(containers),
      volumeSummary(volumes),
    ],
    images,
    containers,
    volumes,
  };
}

/** All images, and the files that their layers share. */
interface StoredImages {
  stored: readonly StoredImage[];
  linked: readonly LinkedFile[];
}

function layersOf(images: readonly StoredImage[]): Set<string> {
  return new Set(images.flatMap(({ record }) => record.layers.map(({ diffId }) => diffId)));
}

function treesOf({ store }: Engine, images: readonly StoredImage[]): Map<string, string> {
  return new Map([...layersOf(images)].map((diffId) => [diffId, store.layers.treePath(diffId)]));
}

function imageUses(
  engine: Engine,
  { record, names }: StoredImage,
  { stored, linked }: StoredImages,
): ImageUse[] {
  const others = layersOf(stored.filter((other) => other.record.id !== record.id));
  const own = [...new Set(record.layers.map(({ diffId }) => diffId))];
  const alone = new Set(own.filter((diffId) => !others.has(diffId)));
  const sharedBytes = layerBytes(engine, own.filter((diffId) => others.has(diffId)))
    + savedBytes(linked, alone, others);
  const use = {
    id: record.id,
    createdAt: createdAt(record),
    sizeBytes: record.sizeBytes,
    sharedBytes,
    uniqueBytes: record.sizeBytes - sharedBytes,
    containers: engine.store.containers.usersOfImage(record.id).length,
  };
  const shown = names.length === 0 ? ['<none>:<none>'] : names;
  return shown.map((name) => {
    const colon = name.lastIndexOf(':');
    return { ...use, repository: name.slice(0, colon), tag: name.slice(colon + 1) };
  });
}

function layerBytes({ store }: Engine, diffIds: readonly string[]): number {
  return diffIds.reduce((sum, diffId) => sum + layerSize(store, diffId), 0);
}

/** Damaged and missing layers count as 0; `system check` reports them. */
function layerSize(store: Engine['store'], diffId: string): number {
  try {
    return store.layers.record(diffId).sizeBytes;
  } catch (error) {
    if (error instanceof EngineError) return 0;
    throw error;
  }
}

/** What a prune of unused images would free is what no other image needs. */
function imageSummary(engine: Engine, { stored, linked }: StoredImages): UseSummary {
  const isUsed = ({ record }: StoredImage): boolean =>
    engine.store.containers.usersOfImage(record.id).length > 0;
  const used = stored.filter(isUsed);
  const needed = layersOf(used);
  const all = layersOf(stored);
  const idle = new Set([...all].filter((diffId) => !needed.has(diffId)));
  const shifted = shiftedBytes(engine);
  return {
    type: 'Images',
    total: stored.length,
    active: used.length,
    sizeBytes: layerBytes(engine, [...all]) - savedBytes(linked, all) + shifted.all,
    reclaimableBytes: layerBytes(engine, [...idle]) - savedBytes(linked, idle, needed)
      + shifted.idle,
  };
}

/** The bytes of the trees for other id maps, and of those that no container needs. */
function shiftedBytes(engine: Engine): { all: number; idle: number } {
  const needed = neededShifted(engine);
  const bytes = { all: 0, idle: 0 };
  for (const folder of engine.store.shiftedLayers.folders()) {
    const taken = measureDisk(folder);
    bytes.all += taken;
    if (needed?.has(folder) === false) bytes.idle += taken;
  }
  return bytes;
}

function containerUses(engine: Engine): ContainerUse[] {
  const { containers } = engine.store;
  const records = new Map(containers.records().map((record) => [record.id, record]));
  return containers.list().map(({ id, name, summary, state }) => ({
    id,
    image: summary.image,
    command: summary.command,
    localVolumes: records.get(id)?.volumes.length ?? 0,
    sizeBytes: measureOwn(engine, id),
    createdAt: dateOfMs(summary.createdAtMs),
    status: state.state,
    name,
  }));
}

function containerSummary(uses: readonly ContainerUse[]): UseSummary {
  const resting = uses.filter(({ status }) => status !== 'running' && status !== 'paused');
  return summaryOf('Containers', uses, resting);
}

function volumeUses({ store }: Engine): VolumeUse[] {
  return store.volumes.list().map(({ name }) => ({
    name,
    links: store.containers.usersOfVolume(name).length,
    sizeBytes: measureTree(store.volumes.dataPath(name)),
  }));
}

function volumeSummary(uses: readonly VolumeUse[]): UseSummary {
  return summaryOf('Local Volumes', uses, uses.filter(({ links }) => links === 0));
}

function summaryOf(
  type: UseSummary['type'],
  uses: readonly { sizeBytes: number }[],
  idle: readonly { sizeBytes: number }[],
): UseSummary {
  return {
    type,
    total: uses.length,
    active: uses.length - idle.length,
    sizeBytes: sumOf(uses),
    reclaimableBytes: sumOf(idle),
  };
}

function sumOf(uses: readonly { sizeBytes: number }[]): number {
  return uses.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
