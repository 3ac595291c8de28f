/** `image inspect`, `history` and `image tree`: what an image says of itself, in Podman's shape. */
import { IntegrityError } from '@berth/errors';
import { isManifestType, isRecord, parseManifest, parseObject } from '@berth/oci';
import type { ImageOrigin } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { byKey } from '../by-key.ts';
import { withHidden } from '../hidden-fields.ts';
import { nilIfEmpty } from '../nil.ts';
import { momentOfText } from '../moment.ts';
import { findLocal, type FoundImage } from './local.ts';
import { describeImage, lastDigest, type ImageEntry } from './list.ts';

/** The image's description with Podman's keys. Throws NotFoundError. */
export async function inspectImage(engine: Engine, name: string): Promise<Record<string, unknown>> {
  const { record, config, entry } = found(engine, name);
  const raw = parseObject(engine.store.images.config(record.id));
  const origins = engine.store.images.origins(record.id);
  const description = {
    Id: record.id,
    Digest: lastDigest(origins),
    RepoTags: entry.tags,
    RepoDigests: entry.digests,
    Parent: '',
    Comment: commentOf(raw, config),
    Created: momentOfText(config.created),
    Config: withHidden({ ...(isRecord(raw['config']) ? raw['config'] : {}) }, CONFIG_DEFAULTS),
    Version: '',
    Author: config.author ?? '',
    Architecture: config.architecture,
    Os: config.os,
    Size: record.sizeBytes,
    VirtualSize: record.sizeBytes,
    GraphDriver: {
      Name: engine.driver.driver,
      Data: { UpperDir: topTree(engine, record.layers.at(-1)?.diffId) },
    },
    RootFS: { Type: 'layers', Layers: config.diffIds },
    Labels: nilIfEmpty(byKey(config.labels)),
    Annotations: annotationsOf(engine, origins.at(-1)),
    ManifestType: origins.at(-1)?.mediaType ?? '',
    User: config.user,
    History: historyOf(raw['history']),
    NamesHistory: [...entry.names].reverse(),
    ...healthCheckOf(raw['config']),
  };
  return withHidden(description, { Healthcheck: null });
}

/**
 * Docker's configs have a comment of their own; for others the comment of the last step is taken.
 */
function commentOf(raw: Record<string, unknown>, { history }: FoundImage['config']): string {
  const { comment } = raw;
  return typeof comment === 'string' ? comment : history.at(-1)?.comment ?? '';
}

/** What the manifest says of the image. Manifests of archives in Docker's format say nothing. */
function annotationsOf(engine: Engine, origin: ImageOrigin | undefined): Record<string, string> {
  const { blobs } = engine.store;
  if (origin === undefined || !isManifestType(origin.mediaType)) return {};
  if (!blobs.has(origin.manifestDigest)) return {};
  const manifest = parseManifest(blobs.read(origin.manifestDigest), origin.mediaType);
  return manifest.kind === 'manifest' ? byKey(manifest.annotations) : {};
}

function healthCheckOf(config: unknown): object {
  const check = isRecord(config) ? config['Healthcheck'] : undefined;
  return check === undefined ? {} : { Healthcheck: check };
}

/** The history as the config has it, with defaults for absent keys, which templates may name. */
function historyOf(steps: unknown): object[] {
  const known = { created: '', created_by: '', author: '', comment: '', empty_layer: false };
  const list: unknown[] = Array.isArray(steps) ? steps : [];
  return list.filter(isRecord).map((step) => withHidden({ ...step }, known));
}

/** Defaults for keys that a config leaves out. */
const CONFIG_DEFAULTS = {
  User: '',
  ExposedPorts: {},
  Env: [],
  Entrypoint: [],
  Cmd: [],
  Volumes: {},
  WorkingDir: '',
  Labels: {},
  StopSignal: '',
};

function topTree(engine: Engine, diffId: string | undefined): string {
  return diffId === undefined ? '' : engine.store.layers.treePath(diffId);
}

function found(engine: Engine, name: string): FoundImage & { entry: ImageEntry } {
  const { id } = engine.store.images.resolve(name);
  const image = findLocal(engine, id);
  const stored = engine.store.images.list().find(({ record }) => record.id === id);
  if (image === undefined || stored === undefined) {
    throw new IntegrityError('DAMAGED_IMAGE', `read image "${name}": parts of it are missing`, {
      hint: `berth pull ${name}, or berth system check --repair`,
    });
  }
  return { ...image, entry: describeImage(engine, stored) };
}

/** One step of an image's making. */
export interface HistoryEntry {
  /** The image id on the newest step, `<missing>` below. */
  id: string;
  createdAt: Date;
  createdBy: string;
  sizeBytes: number;
  comment: string;
  tags: string[];
}

/** The steps, newest first. */
export async function imageHistory(engine: Engine, name: string): Promise<HistoryEntry[]> {
  const { record, config, entry } = found(engine, name);
  const sizes = record.layers.map(({ diffId }) => engine.store.layers.record(diffId).sizeBytes);
  let layer = 0;
  const steps = config.history.map(({ created, createdBy, comment, emptyLayer }) => ({
    id: '<missing>',
    createdAt: momentOfText(created ?? config.created),
    createdBy,
    sizeBytes: emptyLayer ? 0 : (sizes[layer++] ?? 0),
    comment,
    tags: [] as string[],
  }));
  const newest = steps.at(-1);
  if (newest !== undefined) {
    newest.id = record.id;
    newest.tags = entry.tags;
  }
  return steps.reverse();
}

/** An image with its layers, the bottom one first. */
export interface ImageTree {
  image: ImageEntry;
  layers: { id: string; sizeBytes: number; topOf: string[] }[];
}

/** The image with its layers, each with the names of the images whose top layer it is. */
export async function imageTree(engine: Engine, name: string): Promise<ImageTree> {
  const { record, entry } = found(engine, name);
  const all = engine.store.images.list();
  const layers = record.layers.map(({ diffId }) => ({
    id: diffId,
    sizeBytes: engine.store.layers.record(diffId).sizeBytes,
    topOf: all
      .filter((other) => other.record.layers.at(-1)?.diffId === diffId)
      .flatMap((o) => o.names),
  }));
  return { image: entry, layers };
}
