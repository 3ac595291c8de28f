/** Pulling out of files and folders: `docker-archive:`, `oci-archive:`, `oci:` and `dir:`. */
import { resolve } from 'node:path';
import { UsageError } from '@berth/errors';
import {
  formatReference,
  parseImageName,
  parsePlatform,
  qualify,
  type Reference,
} from '@berth/oci';
import {
  loadSignaturePolicy, openArchive, requireAllowed, type ArchiveImage, type ImageArchive,
} from '@berth/transport';
import type { Engine } from '../engine.ts';
import { acquireImage } from './acquire.ts';
import type { PullOptions } from './pull-options.ts';
import type { ArchiveName } from './transport-name.ts';

const FORMATS = {
  'docker-archive': 'docker-archive',
  'oci-archive': 'oci-archive',
  oci: 'oci-dir',
  dir: 'dir',
} as const;

/**
 * The archive's images, or the one that the reference names, are in the store; answers their ids.
 */
export async function pullFromArchive(
  engine: Engine,
  { transport, path, reference }: ArchiveName,
  options: PullOptions,
): Promise<string[]> {
  requireAllowed(loadSignaturePolicy({ file: options.signaturePolicy }), {
    transport, name: resolve(path),
  });
  const session = engine.store.openSession();
  try {
    const archive = await openArchive(path, {
      scratchDirectory: session.directory,
      format: FORMATS[transport],
      refName: reference,
      platform: options.platform === undefined ? undefined : parsePlatform(options.platform),
    });
    try {
      requireOne(archive, { transport, path });
      const ids: string[] = [];
      for (const image of archive.images) {
        const names = namesOf(image, transport === 'docker-archive' ? undefined : reference);
        ids.push(await acquireImage(engine, image.source, {
          names: names.map(formatReference),
          repository: '',
        }));
      }
      return ids;
    } finally {
      await archive.close();
    }
  } finally {
    session.close();
  }
}

/**
 * A docker-archive may give several images. From a layout with several images, the user has to
 * choose one.
 */
function requireOne(
  { format, images }: ImageArchive,
  { transport, path }: Pick<ArchiveName, 'transport' | 'path'>,
): void {
  if (format === 'docker-archive' || images.length === 1) return;
  const [example = 'REFERENCE'] = images.flatMap(({ refName }) => refName ?? []);
  throw new UsageError('SEVERAL_IMAGES', `pull "${path}": it holds ${images.length} images`, {
    hint: `berth pull ${transport}:${path}:${example}`,
  });
}

/** The names for the image: the name that the user typed, else the names in the archive. */
function namesOf(image: ArchiveImage, reference: string | undefined): readonly Reference[] {
  if (reference === undefined) return image.names;
  const name = parseImageName(reference);
  return [qualify(name, name.registry ?? 'localhost')];
}
