/** Opens every kind of image archive: a layout folder, or a file or stream of any format. */
import type { FileHandle } from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { NotFoundError, UsageError } from '@berth/errors';
import type { Platform } from '@berth/oci';
import type { ArchiveFiles } from './archive-files.ts';
import { folderFiles, tarFiles } from './archive-files.ts';
import type { SpoolOptions } from './archive-spool.ts';
import { openPlainFile, spool } from './archive-spool.ts';
import { directoryImage, isDirectoryImage } from './directory-image.ts';
import { dockerArchiveImages, isDockerArchive, selectDockerImages } from './docker-archive.ts';
import type { ArchiveImage } from './image-layout.ts';
import { isLayout, layoutImages } from './image-layout.ts';

/** What image archives there are: three with an index of images, and folders of one image. */
export type ArchiveFormat = 'oci-dir' | 'oci-archive' | 'docker-archive' | 'dir';

/** How to read an archive. */
export interface ArchiveOptions extends SpoolOptions {
  /** For layouts with several; default: this machine's. */
  readonly platform?: Platform | undefined;
  /** The required format; if undefined, the files decide. */
  readonly format?: ArchiveFormat | undefined;
  /** Only this image: the name in a layout (oci-archive:PATH:REF), a tag in a docker-archive. */
  readonly refName?: string | undefined;
  /** For messages, when a stream is read; default: `standard input`. */
  readonly name?: string | undefined;
}

const STANDARD_INPUT = 'standard input';

/** An open archive; its sources work until it is closed. */
export interface ImageArchive {
  readonly format: ArchiveFormat;
  readonly images: readonly ArchiveImage[];
  close(): Promise<void>;
}

/**
 * The images of the archive at a path, or in a stream that is read to its end. Streams and
 * compressed files are spooled in the scratch directory, under no name. Throws NotFoundError when
 * there is nothing, UsageError when it is no image archive, IntegrityError when it is damaged.
 */
export async function openArchive(
  input: string | Readable,
  options: ArchiveOptions,
): Promise<ImageArchive> {
  const files = await openFiles(input, options);
  try {
    return await readArchive(files, options);
  } catch (error) {
    await files.files.close();
    throw error;
  }
}

interface OpenFiles {
  readonly files: ArchiveFiles;
  readonly isFolder: boolean;
}

async function openFiles(input: string | Readable, options: ArchiveOptions): Promise<OpenFiles> {
  if (typeof input === 'string' && (await isFolder(input))) {
    return { files: folderFiles(input), isFolder: true };
  }
  const name = typeof input === 'string' ? input : (options.name ?? STANDARD_INPUT);
  const handle: FileHandle =
    typeof input === 'string'
      ? await openPlainFile(input, options)
      : await spool({ source: input, name }, options);
  try {
    return { files: await tarFiles(handle, name), isFolder: false };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // The error is reported when it is opened.
    return false;
  }
}

async function readArchive(
  { files, isFolder }: OpenFiles,
  options: ArchiveOptions,
): Promise<ImageArchive> {
  const { platform, refName } = options;
  const close = (): Promise<void> => files.close();
  const format = options.format ?? (await findFormat(files, { isFolder, refName }));
  switch (format) {
    case 'docker-archive':
      return { format, images: selectDockerImages(await dockerArchiveImages(files), {
        files, reference: refName,
      }), close };
    case 'dir':
      return { format, images: [directoryImage(files, platform)], close };
    case 'oci-dir':
    case 'oci-archive': {
      const images = await layoutImages(files, platform);
      return { format, images: selectImages(images, { files, options }), close };
    }
    default:
      throw new UsageError(
        'NOT_AN_IMAGE_ARCHIVE',
        `load "${files.name}": no image archive: it has neither manifest.json nor index.json`,
        {
          hint: isFolder ? 'berth load -i FILE'
            : `berth import ${files.name === STANDARD_INPUT ? '-' : files.name} NAME`,
        },
      );
  }
}

async function findFormat(
  files: ArchiveFiles,
  { isFolder, refName }: { isFolder: boolean; refName: string | undefined },
): Promise<ArchiveFormat | undefined> {
  if (isFolder) {
    if (await isLayout(files)) return 'oci-dir';
    if (await isDirectoryImage(files)) return 'dir';
  }
  // Newer docker writes both lists into one archive; only Docker's own has the names.
  if (refName === undefined && (await isDockerArchive(files))) return 'docker-archive';
  return (await isLayout(files)) ? 'oci-archive' : undefined;
}

function selectImages(
  images: readonly ArchiveImage[],
  { files, options }: { files: ArchiveFiles; options: ArchiveOptions },
): readonly ArchiveImage[] {
  if (options.refName === undefined) return images;
  const selected = images.filter(({ refName }) => refName === options.refName);
  if (selected.length > 0) return selected;
  const known = images.flatMap(({ refName }) => refName ?? []).slice(0, 20);
  const others = known.join(', ') || 'images without names';
  throw new NotFoundError(
    'NO_SUCH_IMAGE',
    `load "${files.name}": it has no "${options.refName}", only ${others}`,
  );
}
