/** `save`: images of the store as archives and folders that other programs read. */
import { UsageError } from '@berth/errors';
import { formatReference, parseImageName, qualify } from '@berth/oci';
import { giveTreeToCaller } from '@berth/host';
import type { ImageRecord } from '@berth/storage';
import {
  directorySink,
  dockerArchiveOutput,
  layoutArchiveOutput,
  layoutFolderOutput,
  TarOutput,
  type ArchiveOutput,
} from '@berth/transport';
import { emptyTrash, type Engine } from '../engine.ts';
import { copyImage, type CopiedLayer } from './copy-image.ts';
import { compressedLayer, pinImage, plainLayer, type Packing } from './layer-content.ts';
import { findLocal } from './local.ts';
import type { ManifestFormat } from './manifest-format.ts';
import { withOutputFile, withOutputFolder } from './output-file.ts';

/** The formats that images are saved in. */
export const SAVE_FORMATS = ['docker-archive', 'oci-archive', 'oci-dir', 'docker-dir'] as const;

/** One of them. */
export type SaveFormat = (typeof SAVE_FORMATS)[number];

/** What `save` writes, and where. */
export interface SaveRequest {
  names: readonly string[];
  format: SaveFormat;
  /** A path; undefined is standard output. */
  output: string | undefined;
  /** Whether layers are compressed; undefined does what is usual for the format. */
  compress: boolean | undefined;
  /** How layers are compressed, if they are; by default with gzip. */
  packing?: Packing | undefined;
  /** The names in the archive; by default the names by which the images were asked for. */
  as?: readonly string[] | undefined;
}

/** An image, and its names in the archive. */
export interface NamedImage {
  record: ImageRecord;
  names: string[];
}

/**
 * The images are written to the output. A file appears only when it is complete, and a folder that
 * was made for them does not stay when they can't be written. Answers the digests of their
 * manifests. Throws NotFoundError for an unknown image, and UsageError for a docker-archive that is
 * there already, as Podman does.
 */
export async function saveImages(engine: Engine, request: SaveRequest): Promise<string[]> {
  const images = wantedImages(engine, request.names);
  if (request.format.endsWith('-dir')) {
    const output = request.output ?? '';
    const digests = await withOutputFolder(output, () =>
      saveToFolder(engine, { ...request, output }, images));
    giveTreeToCaller(output);
    return digests;
  }
  let digests: string[] = [];
  await withOutputFile(request.output, async (fd, name) => {
    const tar = new TarOutput(fd, name);
    const archive =
      request.format === 'docker-archive'
        ? dockerArchiveOutput(tar, name)
        : layoutArchiveOutput(tar, name);
    digests = await copyAll(engine, { request, images, archive });
  }, { keepsExisting: request.format === 'docker-archive' });
  return digests;
}

/**
 * The images that the names mean, each once. A name of no image becomes one more name of the image
 * before it in the list, as in Podman.
 */
export function wantedImages(engine: Engine, names: readonly string[]): NamedImage[] {
  const images = new Map<string, NamedImage>();
  let last: NamedImage | undefined;
  for (const name of names) {
    const found = findLocal(engine, name);
    if (found === undefined && last !== undefined) {
      const parsed = parseImageName(name);
      last.names.push(formatReference(qualify(parsed, parsed.registry ?? 'localhost')));
      continue;
    }
    const { id } = found?.record ?? engine.store.images.resolve(name);
    const record = found?.record;
    if (record === undefined) continue;
    last = images.get(id) ?? { record, names: [] };
    images.set(id, last);
    const isName = found?.name !== id && found?.name.includes('@') === false;
    if (isName && found !== undefined && !last.names.includes(found.name)) {
      last.names.push(found.name);
    }
  }
  return [...images.values()];
}

async function saveToFolder(
  engine: Engine,
  request: SaveRequest & { output: string },
  images: readonly NamedImage[],
): Promise<string[]> {
  if (request.format === 'oci-dir') {
    return copyAll(engine, { request, images, archive: layoutFolderOutput(request.output) });
  }
  const [only, ...others] = images;
  if (only === undefined || others.length > 0) {
    throw new UsageError('ONE_IMAGE', `save to "${request.output}": a docker-dir holds one image`);
  }
  const sink = directorySink(request.output);
  const archive: ArchiveOutput = { sink: () => sink, finish: async () => undefined };
  return copyAll(engine, { request, images, archive });
}

interface CopyAll {
  request: SaveRequest;
  images: readonly NamedImage[];
  archive: ArchiveOutput;
}

async function copyAll(engine: Engine, { request, images, archive }: CopyAll): Promise<string[]> {
  const { format } = request;
  const isCompressed = request.compress ?? format.startsWith('oci');
  const packing = isCompressed ? request.packing ?? { format: 'gzip' } : undefined;
  const manifest: ManifestFormat = format.startsWith('oci') ? 'oci' : 'docker';
  const session = engine.store.openSession();
  try {
    for (const { record } of images) pinImage(engine, session, record);
    const layers = new Map<string, Promise<CopiedLayer>>();
    const layer = (diffId: string): Promise<CopiedLayer> => {
      const made =
        layers.get(diffId) ?? layerFor(engine, { diffId, packing, folder: session.directory });
      layers.set(diffId, made);
      return made;
    };
    const digests: string[] = [];
    for (const { record, names } of images) {
      const { digest } = await copyImage(engine, record, {
        sink: archive.sink(request.as ?? names),
        format: manifest,
        layer,
      });
      digests.push(digest);
    }
    await archive.finish();
    return digests;
  } finally {
    session.close();
    await emptyTrash(engine);
  }
}

async function layerFor(
  engine: Engine,
  { diffId, packing, folder }: { diffId: string; packing: Packing | undefined; folder: string },
): Promise<CopiedLayer> {
  if (packing === undefined) return { ...plainLayer(engine, diffId), compression: 'none' };
  const blob = await compressedLayer(engine, diffId, { folder, ...packing });
  return { ...blob, compression: packing.format };
}
