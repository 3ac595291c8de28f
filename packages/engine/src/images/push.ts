/** `push`: an image of the store to a registry, an archive or a folder. */
import { NotFoundError, UsageError } from '@berth/errors';
import { formatReference, parseImageName, qualify, type Reference } from '@berth/oci';
import type { Engine } from '../engine.ts';
import { findLocal, type FoundImage } from './local.ts';
import { writeTextFile } from './output-file.ts';
import type { PushOptions } from './push-options.ts';
import { pushToRegistry } from './push-registry.ts';
import { saveImages, type SaveFormat } from './save.ts';
import { parseTransportName, type ArchiveName } from './transport-name.ts';

/**
 * The image is at `destination`, by default where its own name says. Answers the digest of its
 * manifest in a registry.
 */
export async function pushImage(
  engine: Engine,
  { name, destination }: { name: string; destination: string | undefined },
  options: PushOptions,
): Promise<string | undefined> {
  const found = findLocal(engine, name);
  if (found === undefined) {
    throw new NotFoundError('NO_SUCH_IMAGE', `push image "${name}": not in local storage`, {
      hint: 'berth images',
    });
  }
  const target = parseTransportName(destination ?? ownName(found, name));
  if (target.transport !== 'docker') {
    const made = await pushToArchive(engine, { name, target }, options);
    if (options.digestFile !== undefined) writeTextFile(options.digestFile, made);
    return undefined;
  }
  const digest = await pushToRegistry(engine, found, {
    ...options,
    reference: referenceOf(target.name),
  });
  if (options.digestFile !== undefined) writeTextFile(options.digestFile, digest);
  return digest;
}

function ownName(found: FoundImage, typed: string): string {
  if (found.name !== found.record.id) return found.name;
  throw new UsageError('NO_DESTINATION', `push image "${typed}": an id says no destination`, {
    hint: `berth push ${typed} REGISTRY/NAME:TAG`,
  });
}

function referenceOf(text: string): Reference {
  const name = parseImageName(text);
  return qualify(name, name.registry ?? 'docker.io');
}

const FORMATS: Readonly<Record<ArchiveName['transport'], SaveFormat>> = {
  'docker-archive': 'docker-archive',
  'oci-archive': 'oci-archive',
  oci: 'oci-dir',
  dir: 'docker-dir',
};

async function pushToArchive(
  engine: Engine,
  { name, target }: { name: string; target: ArchiveName },
  { compression = 'gzip', level }: PushOptions,
): Promise<string> {
  const { transport, path, reference } = target;
  const isDocker = transport === 'docker-archive' && reference !== undefined;
  const [digest = ''] = await saveImages(engine, {
    names: [name],
    format: FORMATS[transport],
    output: path,
    compress: transport !== 'docker-archive',
    packing: { format: compression, level },
    as: reference === undefined ? [] : [isDocker ? formatted(reference) : reference],
  });
  return digest;
}

function formatted(reference: string): string {
  return formatReference(referenceOf(reference));
}
