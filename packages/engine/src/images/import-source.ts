/**
 * An image source made of one archive of a root file system. The archive is unpacked into the
 * store first, because the image's config names the digest of its content.
 */
import { IntegrityError } from '@berth/errors';
import {
  digestOf,
  MEDIA_TYPE,
  parseDigest,
  type Descriptor,
  type ImageSource,
  type Platform,
} from '@berth/oci';
import type { Session } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { applyChanges } from './config-changes.ts';
import type { ImportInput } from './import-input.ts';
import { LayerWorker } from './layer-worker.ts';
import { intoStore } from './unpack-layer.ts';

/** Where the archive comes from and what its config says. */
export interface ImportSettings {
  input: ImportInput;
  /** Keeps the layer until the image names it. */
  session: Session;
  changes: readonly string[];
  message: string;
  platform: Platform;
}

/** The source, whose layer is in the store. Throws UsageError for changes that can't be read. */
export async function importSource(
  engine: Engine,
  settings: ImportSettings,
): Promise<ImageSource> {
  const changes = applyChanges(settings.changes);
  const { digest, size } = await unpack(engine, settings);
  const { os, architecture, variant } = settings.platform;
  const created = new Date().toISOString();
  const config = json({
    created,
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: changes,
    rootfs: { type: 'layers', diff_ids: [digest] },
    history: [
      { created, created_by: '/bin/sh -c #(nop) ADD file in /', comment: settings.message },
    ],
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: MEDIA_TYPE.ociLayer, digest, size }],
  };
  const bytes = json(manifest);
  return {
    name: settings.input.name,
    manifest: async () => ({
      document: { bytes, digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest },
      manifest: { kind: 'manifest', ...manifest, annotations: {} },
      indexDigest: undefined,
    }),
    config: async () => config,
    layer: () => Promise.reject(new Error(`layer ${digest} went away`)),
    close: async () => undefined,
  };
}

async function unpack(
  engine: Engine,
  { input, session }: ImportSettings,
): Promise<Pick<Descriptor, 'digest' | 'size'>> {
  const worker = new LayerWorker(engine);
  try {
    const { diffId, archiveBytes, blobBytes } = await intoStore(engine, {
      sourceDigest: undefined,
      apply: async (staging) => {
        const { tree, recipe } = staging;
        const { content } = input;
        const result = await worker.apply({ tree, recipe, content, expectedDiffId: undefined });
        requireContent(input, result.blobBytes);
        session.pinLayer(result.diffId);
        return result;
      },
    });
    engine.report({
      kind: 'layer', digest: diffId, state: 'done', currentBytes: blobBytes, totalBytes: blobBytes,
    });
    return { digest: parseDigest(diffId), size: archiveBytes };
  } finally {
    await worker.close();
  }
}

/** Nothing at all is what a pipe brings whose first command has failed. */
function requireContent({ name }: ImportInput, sizeBytes: number): void {
  if (sizeBytes > 0) return;
  throw new IntegrityError('EMPTY_ARCHIVE', `import "${name}": it is empty`);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
