/**
 * The archives of `docker save` and `podman save`: manifest.json, configs, and one tar for each
 * layer. The archive has no OCI manifest, so one is made here: layers are named by their diff id,
 * so that nothing has to be hashed to read it.
 */
import { createHash } from 'node:crypto';
import { IntegrityError, NotFoundError } from '@berth/errors';
import type { Descriptor, Digest, ImageSource, Manifest, Reference } from '@berth/oci';
import {
  digestOf,
  formatReference,
  isDigest,
  isRecord,
  MAX_MANIFEST_BYTES,
  MEDIA_TYPE,
  parseDigest,
  parseImageConfig,
  parseImageName,
  qualify,
} from '@berth/oci';
import type { ArchiveFiles } from './archive-files.ts';
import type { Compression } from './compression.ts';
import { detectCompression, MAGIC_BYTES } from './compression.ts';
import type { ArchiveImage } from './image-layout.ts';

const LIST_FILE = 'manifest.json';
const MAXIMUM_IMAGES = 1000;

/**
 * The image that `reference` chooses: a tag, or `@N` for the Nth in the list; all without one.
 * Throws NotFoundError naming what there is.
 */
export function selectDockerImages(
  images: readonly ArchiveImage[],
  { files, reference }: { files: ArchiveFiles; reference: string | undefined },
): readonly ArchiveImage[] {
  if (reference === undefined) return images;
  const index = /^@(\d+)$/.exec(reference)?.[1];
  const isMeant = (image: ArchiveImage, at: number): boolean => index === undefined
    ? image.names.some((name) => sameName(name, fullName(reference, files.name)))
    : at === Number(index);
  const chosen = images.filter(isMeant);
  if (chosen.length > 0) return chosen;
  const known = images.flatMap(({ names }) => names.map(formatReference)).slice(0, 20);
  throw new NotFoundError('NO_SUCH_IMAGE', `load "${files.name}": it has no "${reference}", only ` +
    (known.join(', ') || 'images without names'));
}

function sameName(one: Reference, other: Reference): boolean {
  return formatReference(one) === formatReference(other);
}

interface ListedImage {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/** True when there is a list of images to read. */
export async function isDockerArchive(files: ArchiveFiles): Promise<boolean> {
  return (await files.sizeBytes(LIST_FILE)) !== undefined;
}

/** The images that manifest.json lists. Throws IntegrityError where list and content disagree. */
export async function dockerArchiveImages(files: ArchiveFiles): Promise<ArchiveImage[]> {
  const list = parseList(await files.read(LIST_FILE, MAX_MANIFEST_BYTES), files.name);
  return Promise.all(list.map((listed) => archiveImage(files, listed)));
}

function parseList(bytes: Buffer, archive: string): ListedImage[] {
  let list: unknown;
  try {
    list = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw bad(archive, 'manifest.json is not JSON');
  }
  if (!Array.isArray(list) || list.length > MAXIMUM_IMAGES) {
    throw bad(archive, `manifest.json is not a list of at most ${MAXIMUM_IMAGES} images`);
  }
  return list.map((entry: unknown) => {
    const { Config, RepoTags, Layers } = isRecord(entry) ? entry : {};
    if (typeof Config !== 'string') throw bad(archive, 'an image in manifest.json has no config');
    return { config: Config, tags: texts(RepoTags), layers: texts(Layers) };
  });
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

async function archiveImage(files: ArchiveFiles, listed: ListedImage): Promise<ArchiveImage> {
  const config = await files.read(listed.config, MAX_MANIFEST_BYTES);
  const { diffIds } = parseImageConfig(config);
  if (diffIds.length !== listed.layers.length) {
    throw bad(
      files.name,
      `"${listed.config}" has ${diffIds.length} diff ids for ${listed.layers.length} layers`,
    );
  }
  const paths = new Map<Digest, string>();
  const layers: Descriptor[] = [];
  for (const [at, diffId] of diffIds.entries()) {
    const path = listed.layers[at] ?? '';
    const layer = await describeLayer(files, { path, diffId });
    paths.set(layer.digest, path);
    layers.push(layer);
  }
  const source = archiveSource(files, { config, layers, paths });
  return { source, names: listed.tags.map((tag) => fullName(tag, files.name)), refName: undefined };
}

async function describeLayer(
  files: ArchiveFiles,
  { path, diffId }: { path: string; diffId: Digest },
): Promise<Descriptor> {
  const size = await files.sizeBytes(path);
  if (size === undefined) throw bad(files.name, `layer "${path}" is missing`);
  const compression = await compressionOf(files, path);
  if (compression === 'none') return { mediaType: MEDIA_TYPE.dockerLayer, digest: diffId, size };
  if (compression !== 'gzip' && compression !== 'zstd') {
    throw bad(files.name, `layer "${path}" is compressed with ${compression}`);
  }
  const mediaType = compression === 'gzip' ? MEDIA_TYPE.dockerLayerGzip : MEDIA_TYPE.ociLayerZstd;
  // Newer docker saves blobs as a registry would have them, under their digest.
  const [, algorithm, hex] = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/.exec(path) ?? [];
  const named = `${algorithm ?? ''}:${hex ?? ''}`;
  const digest = isDigest(named) ? named : await hashFile(files, path);
  return { mediaType, digest, size };
}

async function compressionOf(files: ArchiveFiles, path: string): Promise<Compression> {
  for await (const chunk of await files.stream(path, { offset: 0 })) {
    return detectCompression(chunk.subarray(0, MAGIC_BYTES));
  }
  return 'none';
}

async function hashFile(files: ArchiveFiles, path: string): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of await files.stream(path, { offset: 0 })) hash.update(chunk);
  return parseDigest(`sha256:${hash.digest('hex')}`);
}

interface ImageParts {
  readonly config: Buffer;
  readonly layers: readonly Descriptor[];
  readonly paths: ReadonlyMap<Digest, string>;
}

function archiveSource(files: ArchiveFiles, { config, layers, paths }: ImageParts): ImageSource {
  const mediaType = MEDIA_TYPE.dockerManifest;
  const pathOf = (digest: Digest): string => {
    const path = paths.get(digest);
    if (path === undefined) throw bad(files.name, `it has no layer ${digest}`);
    return path;
  };
  const configDescriptor = {
    mediaType: MEDIA_TYPE.dockerConfig,
    digest: digestOf(config),
    size: config.length,
  };
  const document = { schemaVersion: 2, mediaType, config: configDescriptor, layers };
  const bytes = Buffer.from(JSON.stringify(document));
  const manifest: Manifest = {
    kind: 'manifest',
    mediaType,
    config: configDescriptor,
    layers: [...layers],
    annotations: {},
  };
  return {
    name: files.name,
    manifest: () =>
      Promise.resolve({
        document: { bytes, digest: digestOf(bytes), mediaType },
        manifest,
        indexDigest: undefined,
      }),
    config: () => Promise.resolve(config),
    layer: async ({ digest }, request) => files.stream(pathOf(digest), request),
    place: async ({ digest }) => files.place(pathOf(digest)),
    close: () => Promise.resolve(),
  };
}

/** Names in this format come from Docker, where a short one is Docker Hub's. */
function fullName(tag: string, archive: string): Reference {
  try {
    const name = parseImageName(tag);
    return qualify(name, name.registry ?? 'docker.io');
  } catch {
    throw bad(archive, `"${tag.slice(0, 300)}" is not an image name`);
  }
}

function bad(archive: string, reason: string): IntegrityError {
  return new IntegrityError('BAD_ARCHIVE', `read archive "${archive}": ${reason}`);
}
