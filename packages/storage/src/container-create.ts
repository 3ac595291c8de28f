/**
 * Makes a container: its files in staging/, its name reserved, then one rename. Afterwards it
 * checks that the layers and volumes that the container needs were not removed meanwhile. A
 * collection takes things away first and looks at the containers afterwards, so one of the two
 * sees the other.
 *
 * This is on the path of `run`: it makes no file that is not needed, and does not wait for the
 * disk.
 */
import { chmodSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ConflictError } from '@berth/errors';
import { containerPurpose } from './container-names.ts';
import type { ContainerNames } from './container-names.ts';
import { pathsOf } from './container-paths.ts';
import type { ContainerPaths } from './container-paths.ts';
import { attempt, codeOf, storeError } from './fs-errors.ts';
import type { LayerStore } from './layers.ts';
import type { Layout } from './layout.ts';
import { layersOf, type ContainerRecord } from './records.ts';
import type { Staging } from './staging.ts';
import { formatSummaryHead } from './summary.ts';
import type { SummaryHead } from './summary.ts';
import type { Trash } from './trash.ts';
import type { VolumeStore } from './volumes.ts';
import { PRIVATE_DIRECTORY, PRIVATE_FILE, ensureDirectory, writeNewFile } from './whole-file.ts';

/** What `create` writes. */
export interface CreateContainer {
  /** Stored as config.json; may have more fields than this package knows. */
  readonly record: ContainerRecord;
  /** Stored as the head of `summary`. */
  readonly summary: SummaryHead;
  /** Further files of the container's directory: `spec.json`, `plan`, … */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined;
  /** Files that are bound into the container; all of its users can read them. */
  readonly boundFiles?: Readonly<Record<string, string>> | undefined;
  /**
   * `overlay` makes upper/ and work/; `none` makes nothing, for a foreign root; a function fills
   * the empty folder that it is given with a whole root. That may take long, so it comes last, when
   * the container already has its name.
   */
  readonly writable: 'overlay' | 'none' | ((root: string) => void);
}

/** The parts of a store that containers need. */
export interface ContainerStoreParts {
  readonly layout: Layout;
  readonly staging: Staging;
  readonly trash: Trash;
  readonly layers: LayerStore;
  readonly volumes: VolumeStore;
  readonly containerNames: ContainerNames;
}

/** The mode of the container's root directory. */
const ROOT_MODE = 0o755;
const BOUND_FILE_MODE = 0o644;

/**
 * The container exists under its name, and everything that it needs exists. Throws a ConflictError
 * `NAME_IN_USE`, `LAYER_MISSING` or `VOLUME_MISSING`; nothing is left then.
 */
export function createContainer(
  parts: ContainerStoreParts,
  request: CreateContainer,
): ContainerPaths {
  const { id, name } = request.record;
  const paths = pathsOf(parts.layout, id);
  const staged = parts.staging.makeDirectory(containerPurpose(id));
  try {
    writeFiles(staged, request);
    parts.containerNames.reserve(name, id);
    if (typeof request.writable === 'function') request.writable(makeRoot(staged, 'root'));
    publish(parts.layout, staged, paths.directory);
  } catch (error) {
    parts.staging.remove(staged);
    parts.containerNames.release(name, id);
    throw error;
  }
  try {
    requireParts(parts, request.record);
    parts.containerNames.reserve(name, id);
  } catch (error) {
    parts.trash.take(paths.directory, 'tree');
    parts.containerNames.release(name, id);
    throw error;
  }
  return paths;
}

/** A file of a new container's directory. */
export interface ContainerFile {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

/**
 * The files that every new container has; `maker` is the owner text of the process that makes it.
 */
export function containerFiles(
  request: Omit<CreateContainer, 'writable'>,
  maker: string,
): ContainerFile[] {
  const own = {
    ...request.files,
    'config.json': JSON.stringify({ ...request.record, maker }),
    summary: formatSummaryHead(request.summary),
  };
  const withMode = (files: Readonly<Record<string, string | Uint8Array>>, mode: number) =>
    Object.entries(files).map(([name, content]) => ({ name, content, mode }));
  return [
    ...withMode(own, PRIVATE_FILE), ...withMode(request.boundFiles ?? {}, BOUND_FILE_MODE),
  ];
}

function writeFiles(staged: string, request: CreateContainer): void {
  const maker = basename(staged).replace(/,[^,]*$/, '');
  for (const { name, content, mode } of containerFiles(request, maker)) {
    const path = join(staged, name);
    writeNewFile(path, content);
    if (mode !== PRIVATE_FILE) attempt('change mode of', path, () => chmodSync(path, mode));
  }
  if (request.writable !== 'overlay') return;
  makeRoot(staged, 'upper');
  const work = join(staged, 'work');
  attempt('make directory', work, () => mkdirSync(work, { mode: PRIVATE_DIRECTORY }));
}

function makeRoot(staged: string, name: string): string {
  const path = join(staged, name);
  attempt('make directory', path, () => {
    mkdirSync(path);
    chmodSync(path, ROOT_MODE);
  });
  return path;
}

function publish(layout: Layout, staged: string, directory: string): void {
  try {
    renameSync(staged, directory);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw storeError(error, 'create container', directory);
    ensureDirectory(layout.containers);
    attempt('create container', directory, () => renameSync(staged, directory));
  }
}

function requireParts({ layers, volumes }: ContainerStoreParts, record: ContainerRecord): void {
  const layer = layers.missing(layersOf(record));
  if (layer !== undefined) {
    throw new ConflictError('LAYER_MISSING', `create container "${record.name}": layer ` +
      `"${layer}" of image "${record.imageName}" was removed`, {
      hint: `berth pull ${record.imageName}`,
    });
  }
  const volume = record.volumes.find((name) => !volumes.isKept(name));
  if (volume !== undefined) {
    throw new ConflictError('VOLUME_MISSING', `create container "${record.name}": volume ` +
      `"${volume}" was removed`, { hint: `berth volume create ${volume}` });
  }
}
