/**
 * The folders of the `dir:` transport (skopeo, Podman): one image, with its manifest unchanged and
 * its blobs under the hex digits of their digests.
 */
import type { Descriptor, ImageSource, Platform, RawDocument } from '@berth/oci';
import { digestHex, MAX_MANIFEST_BYTES } from '@berth/oci';
import type { ArchiveFiles } from './archive-files.ts';
import type { ArchiveImage } from './image-layout.ts';
import { readVerified } from './image-layout.ts';
import { digestLike } from './manifest-fetch.ts';
import { chooseManifest } from './platform-choice.ts';

const MANIFEST_FILE = 'manifest.json';
const VERSION_FILE = 'version';

/** True when there is a folder of this kind to read. */
export async function isDirectoryImage(files: ArchiveFiles): Promise<boolean> {
  const sizes = await Promise.all([MANIFEST_FILE, VERSION_FILE].map((file) =>
    files.sizeBytes(file)));
  return sizes.every((size) => size !== undefined);
}

/** The one image of such a folder, nameless. Its methods throw IntegrityError for damage. */
export function directoryImage(files: ArchiveFiles, platform: Platform | undefined): ArchiveImage {
  const { name } = files;
  const top = async (): Promise<RawDocument> => {
    const bytes = await files.read(MANIFEST_FILE, MAX_MANIFEST_BYTES);
    return { bytes, digest: digestLike(undefined, bytes), mediaType: '' };
  };
  const follow = (descriptor: Descriptor): Promise<RawDocument> =>
    readVerified(files, { descriptor, path: `${digestHex(descriptor.digest)}.manifest.json` });
  const manifest: ImageSource['manifest'] = async () =>
    chooseManifest(await top(), { name, platform, follow });
  const source: ImageSource = {
    name,
    manifest,
    config: async () => {
      const descriptor = (await manifest()).manifest.config;
      return (await readVerified(files, { descriptor, path: digestHex(descriptor.digest) })).bytes;
    },
    layer: ({ digest }, request) => files.stream(digestHex(digest), request),
    close: () => Promise.resolve(),
  };
  return { source, names: [], refName: undefined };
}
