/**
 * OCI image layouts, in a folder or in a tar: the images that their index names, as image sources.
 * Blobs are named by digest, so nothing in a layout can lead outside of it.
 */
import { IntegrityError } from '@berth/errors';
import type { Descriptor, ImageSource, Platform, RawDocument, Reference } from '@berth/oci';
import {
  digestAlgorithm,
  digestHex,
  isRecord,
  MAX_MANIFEST_BYTES,
  MEDIA_TYPE,
  parseImageName,
  parseManifest,
  parseObject,
  qualify,
} from '@berth/oci';
import type { ArchiveFiles } from './archive-files.ts';
import { digestLike } from './manifest-fetch.ts';
import { chooseEntry, chooseManifest } from './platform-choice.ts';

/** An image found in a layout or an archive. */
export interface ArchiveImage {
  readonly source: ImageSource;
  /** The names it asks for, full; often one, sometimes none. */
  readonly names: readonly Reference[];
  /** The layout's own name for it (`org.opencontainers.image.ref.name`). */
  readonly refName: string | undefined;
}

const REF_NAME = 'org.opencontainers.image.ref.name';
const CONTAINERD_NAME = 'io.containerd.image.name';
const INDEX_FILE = 'index.json';
const VERSION_FILE = 'oci-layout';

/** True when there is an index to read. */
export async function isLayout(files: ArchiveFiles): Promise<boolean> {
  return (await files.sizeBytes(INDEX_FILE)) !== undefined;
}

/**
 * The images of a layout: one for each entry that has a name, else one for each entry, except
 * that entries which differ by platform alone are one image. Throws IntegrityError for a broken
 * index or an unknown version.
 */
export async function layoutImages(
  files: ArchiveFiles,
  platform: Platform | undefined,
): Promise<ArchiveImage[]> {
  await checkVersion(files);
  const bytes = await files.read(INDEX_FILE, MAX_MANIFEST_BYTES);
  const index = parseManifest(bytes, MEDIA_TYPE.ociIndex);
  if (index.kind !== 'index') {
    throw new IntegrityError('BAD_LAYOUT', `read layout "${files.name}": its index is a manifest`);
  }
  return groupEntries(index.manifests).map((entries): ArchiveImage => {
    const refName = entries[0]?.annotations?.[REF_NAME];
    return {
      source: layoutSource(files, { entries, platform, refName }),
      names: namesOf(entries[0]?.annotations ?? {}),
      refName,
    };
  });
}

async function checkVersion(files: ArchiveFiles): Promise<void> {
  if ((await files.sizeBytes(VERSION_FILE)) === undefined) return;
  const document = parseObject(await files.read(VERSION_FILE, 64 * 1024));
  const version = isRecord(document) ? document['imageLayoutVersion'] : undefined;
  if (typeof version !== 'string' || !version.startsWith('1.')) {
    throw new IntegrityError('BAD_LAYOUT', `read layout "${files.name}": its version is not 1`);
  }
}

/** Entries that form one image: those of equal name, or nameless ones with different platforms. */
function groupEntries(entries: readonly Descriptor[]): Descriptor[][] {
  const groups = new Map<string, Descriptor[]>();
  for (const [at, entry] of entries.entries()) {
    const name = entry.annotations?.[CONTAINERD_NAME] ?? entry.annotations?.[REF_NAME];
    const key = name ?? (entry.platform === undefined ? String(at) : 'platforms');
    const keyOfKind = `${name === undefined ? 'unnamed' : 'named'} ${key}`;
    groups.set(keyOfKind, [...(groups.get(keyOfKind) ?? []), entry]);
  }
  return [...groups.values()];
}

/** Names without a registry are local ones, as Podman reads layouts. */
function namesOf(annotations: Readonly<Record<string, string>>): Reference[] {
  const text = annotations[CONTAINERD_NAME] ?? annotations[REF_NAME];
  // For most tools that write layouts a bare word is a tag, and names no image.
  if (text === undefined || !/[:/]/.test(text)) return [];
  try {
    const name = parseImageName(text);
    return [qualify(name, name.registry ?? 'localhost')];
  } catch {
    return [];
  }
}

interface LayoutEntry {
  readonly entries: readonly Descriptor[];
  readonly platform: Platform | undefined;
  readonly refName: string | undefined;
}

function layoutSource(
  files: ArchiveFiles,
  { entries, platform, refName }: LayoutEntry,
): ImageSource {
  const name = refName === undefined ? files.name : `${files.name}:${refName}`;
  const follow = (descriptor: Descriptor): Promise<RawDocument> => readDocument(files, descriptor);
  const manifest: ImageSource['manifest'] = async () => {
    const [only] = entries;
    const entry =
      entries.length === 1 && only !== undefined ? only : chooseEntry(entries, { name, platform });
    return chooseManifest(await follow(entry), { name, platform, follow });
  };
  return {
    name,
    manifest,
    config: async () => (await readDocument(files, (await manifest()).manifest.config)).bytes,
    layer: (descriptor, request) => files.stream(blobPath(descriptor), request),
    place: async (descriptor) => files.place(blobPath(descriptor)),
    close: () => Promise.resolve(),
  };
}

function readDocument(files: ArchiveFiles, descriptor: Descriptor): Promise<RawDocument> {
  return readVerified(files, { descriptor, path: blobPath(descriptor) });
}

/** The document at `path`, which has the descriptor's digest. Throws IntegrityError. */
export async function readVerified(
  files: ArchiveFiles,
  { descriptor, path }: { descriptor: Descriptor; path: string },
): Promise<RawDocument> {
  const bytes = await files.read(path, MAX_MANIFEST_BYTES);
  const digest = digestLike(descriptor.digest, bytes);
  if (digest !== descriptor.digest) {
    throw new IntegrityError(
      'BLOB_DIGEST',
      `read blob ${descriptor.digest} of "${files.name}": its digest is ${digest}`,
    );
  }
  return { bytes, digest, mediaType: descriptor.mediaType };
}

function blobPath({ digest }: Descriptor): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}
