/**
 * An image source made of one archive of a root file system. The archive is unpacked into the
 * store first, because the image's config names the digest of its content.
 */
import { IntegrityError } from '@berth/errors';
import { MEDIA_TYPE, type Descriptor, type ImageSource, type Platform } from '@berth/oci';
import type { Session } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { applyChanges } from './config-changes.ts';
import type { ImportInput } from './import-input.ts';
import { madeImage } from './made-image.ts';
import { newLayer } from './new-layer.ts';

/** Where the archive comes from and what its config says. */
export interface ImportSettings {
  input: ImportInput;
  /** Keeps the layer until the image names it. */
  session: Session;
  changes: readonly string[];
  message: string;
  platform: Platform;
}

/**
 * The source of the image; its layer is in the store already. Throws UsageError for changes that
 * can't be read.
 */
export async function importSource(
  engine: Engine,
  settings: ImportSettings,
): Promise<ImageSource> {
  const changes = applyChanges(settings.changes);
  const { digest, size } = await unpack(engine, settings);
  const { os, architecture, variant } = settings.platform;
  const created = new Date().toISOString();
  const config = {
    created,
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: changes,
    rootfs: { type: 'layers', diff_ids: [digest] },
    history: [
      { created, created_by: '/bin/sh -c #(nop) ADD file in /', comment: settings.message },
    ],
  };
  const layers = [{ mediaType: MEDIA_TYPE.ociLayer, digest, size }];
  return madeImage({ name: settings.input.name, format: 'oci', config, layers });
}

async function unpack(
  engine: Engine,
  { input, session }: ImportSettings,
): Promise<Pick<Descriptor, 'digest' | 'size'>> {
  const { result, blobBytes } = await newLayer(engine, {
    content: input.content, session, verify: (bytes) => requireContent(input, bytes),
  });
  engine.report({
    kind: 'layer', digest: result.digest, state: 'done', currentBytes: blobBytes,
    totalBytes: blobBytes,
  });
  return result;
}

/** Throws when the archive is empty: a pipe brings nothing when its first command has failed. */
function requireContent({ name }: ImportInput, sizeBytes: number): void {
  if (sizeBytes > 0) return;
  throw new IntegrityError('EMPTY_ARCHIVE', `import "${name}": it is empty`);
}
