/** `images`: every image of the store with its names, filtered and sorted. */
import { NotFoundError, UsageError } from '@berth/errors';
import type { ImageEntry as StoredEntry, ImageOrigin, ImageRecord } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { byKey } from '../by-key.ts';
import { isMoment, momentOfMs, momentOfText } from '../moment.ts';
import { hasLabel, matcher, parseFlag, parseTime, type Filter } from '../filter.ts';

/** An image as lists show it. */
export interface ImageEntry {
  id: string;
  /** Full references. A reference with a digest means that the image was pulled by that digest. */
  names: string[];
  /** The names that are tags. */
  tags: string[];
  /**
   * `repository@sha256:…` for each index and manifest by which the image is known, the newest
   * first.
   */
  digests: string[];
  /** As lastDigest(). */
  digest: string;
  createdAt: Date;
  sizeBytes: number;
  labels: Record<string, string>;
  /** The image has no name. */
  dangling: boolean;
  readOnly: boolean;
  /** Counts the containers that were made from it, when called. */
  containers: () => number;
  architecture: string;
  os: string;
}

/** Which images, and in which order. */
export interface ImageListOptions {
  all: boolean;
  filters: readonly Filter[];
  /** Lists only the images with these names or ids; empty lists all. */
  names: readonly string[];
  sort: string | undefined;
}

/** The images, newest first unless sorted otherwise. */
export async function listImages(engine: Engine, options: ImageListOptions): Promise<ImageEntry[]> {
  const { images } = engine.store;
  const entries = images.list().map((entry) => describeImage(engine, entry));
  const accepts = matcher(options.filters, predicates(engine, entries), FLAGS);
  const named =
    options.names.length === 0 ? entries : entries.filter((entry) => isNamed(entry, options.names));
  return sorted(named.filter(accepts).map((entry) => withWanted(entry, options)), options.sort);
}

/** With a tag or digest. */
const WHOLE_NAME = /[:@][^/]*$/;

/**
 * Only the names that were asked for, as in Podman, if each was asked for with its tag. A
 * repository stands for the image, with all its names.
 */
function withWanted(entry: ImageEntry, { names, filters }: ImageListOptions): ImageEntry {
  const references = filters.filter(({ key, negate }) => key === 'reference' && !negate);
  const wanted = [...names, ...references.map(({ value }) => value)];
  if (!wanted.every((text) => WHOLE_NAME.test(text))) return entry;
  const shown = entry.names.filter((name) => wanted.some((text) => fitsName(name, text)));
  if (shown.length === 0) return entry;
  return { ...entry, names: shown, tags: shown.filter((name) => !name.includes('@')) };
}

/** Whether the store has the image. */
export function imageExists(engine: Engine, name: string): boolean {
  try {
    engine.store.images.resolve(name);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) {
      return false;
    }
    throw error;
  }
}

/** When an image was built; for one that does not say, when it came into the store, as Podman. */
export function createdAt({ created, addedAtMs }: ImageRecord): Date {
  return isMoment(created) ? momentOfText(created) : momentOfMs(addedAtMs);
}

/** One image of the store, as lists show it. */
export function describeImage(engine: Engine, { record, names }: StoredEntry): ImageEntry {
  const origins = engine.store.images.origins(record.id);
  return {
    id: record.id,
    names: [...names],
    tags: names.filter((name) => !name.includes('@')),
    digests: digestsOf(origins, names),
    digest: lastDigest(origins),
    createdAt: createdAt(record),
    sizeBytes: record.sizeBytes,
    labels: byKey(record.labels),
    dangling: names.length === 0,
    readOnly: false,
    containers: () => engine.store.containers.usersOfImage(record.id).length,
    architecture: record.architecture,
    os: record.os,
  };
}

/**
 * The digests of an image. Manifests that came from no registry are listed under the repositories
 * of the image's names.
 */
function digestsOf(origins: readonly ImageOrigin[], names: readonly string[]): string[] {
  const own = [...new Set(names.map(repositoryOf))];
  const known = [...origins].reverse().flatMap(({ repository, indexDigest, manifestDigest }) =>
    (repository === '' ? own : [repository]).flatMap((place) => [
      ...(indexDigest === undefined ? [] : [`${place}@${indexDigest}`]),
      `${place}@${manifestDigest}`,
    ]));
  return [...new Set(known)];
}

/**
 * The digest under which the image was last taken from a registry or an archive: that of the index,
 * if it came by one. Empty if it has none.
 */
export function lastDigest(origins: readonly ImageOrigin[]): string {
  const last = origins.findLast(({ form }) => form === undefined);
  return last?.indexDigest ?? last?.manifestDigest ?? '';
}

function repositoryOf(reference: string): string {
  const [name = ''] = reference.split('@');
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}

function isNamed(entry: ImageEntry, wanted: readonly string[]): boolean {
  return wanted.some((text) => matchesReference(entry, text) || entry.id.startsWith(text));
}

function matchesReference(entry: ImageEntry, text: string): boolean {
  return entry.names.some((name) => fitsName(name, text));
}

/** Whether a full reference is of a name, of a repository, or fits a pattern with stars. */
function fitsName(reference: string, text: string): boolean {
  const pattern = text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  const expression = new RegExp(`(^|/)${pattern}(:[^/:]+|@sha256:[0-9a-f]+)?$`);
  return expression.test(reference);
}

function predicates(engine: Engine, entries: readonly ImageEntry[]) {
  const timeOf = (name: string): number => {
    const { id } = engine.store.images.resolve(name);
    return entries.find((entry) => entry.id === id)?.createdAt.getTime() ?? 0;
  };
  return {
    dangling: (entry: ImageEntry, value: string) => entry.dangling === parseFlag('dangling', value),
    label: (entry: ImageEntry, value: string) => hasLabel(entry.labels, value),
    reference: (entry: ImageEntry, value: string) => matchesReference(entry, value),
    id: (entry: ImageEntry, value: string) => entry.id.startsWith(value),
    digest: (entry: ImageEntry, value: string) =>
      entry.digests.some((digest) => digest.split('@').at(-1)?.startsWith(value)),
    before: (entry: ImageEntry, value: string) => entry.createdAt.getTime() < timeOf(value),
    since: (entry: ImageEntry, value: string) => entry.createdAt.getTime() > timeOf(value),
    after: (entry: ImageEntry, value: string) => entry.createdAt.getTime() > timeOf(value),
    until: (entry: ImageEntry, value: string) => entry.createdAt < parseTime(value),
    readonly: (entry: ImageEntry, value: string) => entry.readOnly === parseFlag('readonly', value),
    containers: (entry: ImageEntry, value: string) =>
      entry.containers() > 0 === parseFlag('containers', value),
    intermediate: (_: ImageEntry, value: string) => !parseFlag('intermediate', value),
    manifest: (_: ImageEntry, value: string) => !parseFlag('manifest', value),
  };
}

/** Filters whose value is true or false. */
const FLAGS = ['containers', 'dangling', 'intermediate', 'manifest', 'readonly'];

const SORT_KEYS: Record<string, (entry: ImageEntry) => string | number> = {
  created: (entry) => -entry.createdAt.getTime(),
  id: (entry) => entry.id,
  repository: (entry) => entry.names[0] ?? '~',
  tag: (entry) => entry.names[0]?.split(':').at(-1) ?? '~',
  size: (entry) => entry.sizeBytes,
};

function sorted(entries: ImageEntry[], key: string | undefined): ImageEntry[] {
  const value = new Map(Object.entries(SORT_KEYS)).get(key?.toLowerCase() ?? 'created');
  if (value === undefined) {
    throw new UsageError('BAD_SORT_KEY', `sort by "${key}": no such key`, {
      hint: `use one of ${Object.keys(SORT_KEYS).join(', ')}`,
    });
  }
  return entries.sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  });
}
