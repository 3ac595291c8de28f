/**
 * An image source made of one archive of a root file system. The archive is copied to a scratch
 * file first, because the image's config names the digest of its content.
 */
import { closeSync, createReadStream, createWriteStream, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SystemError, UsageError } from '@berth/errors';
import { decompress } from '@berth/layers';
import {
  Digester,
  digestOf,
  localPlatform,
  MEDIA_TYPE,
  type Descriptor,
  type ImageSource,
  type Platform,
} from '@berth/oci';
import type { Engine } from '../engine.ts';
import { applyChanges } from './config-changes.ts';

/** Where the archive comes from and what its config says. */
export interface ImportSettings {
  input: string | Readable;
  scratchDirectory: string;
  changes: readonly string[];
  message: string;
  platform: Platform | undefined;
}

/** The source; its layer is the plain archive. Throws UsageError for changes that can't be read. */
export async function importSource(
  _engine: Engine,
  settings: ImportSettings,
): Promise<ImageSource> {
  const path = join(settings.scratchDirectory, 'layer.tar');
  const { digest, sizeBytes } = await copyPlain(settings.input, path);
  const platform = settings.platform ?? localPlatform();
  const created = new Date().toISOString();
  const config = json({
    created,
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    config: applyChanges(settings.changes),
    rootfs: { type: 'layers', diff_ids: [digest] },
    history: [
      { created, created_by: '/bin/sh -c #(nop) ADD file in /', comment: settings.message },
    ],
  });
  const layer: Descriptor = { mediaType: MEDIA_TYPE.ociLayer, digest, size: sizeBytes };
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: digestOf(config), size: config.length },
    layers: [layer],
  };
  const bytes = json(manifest);
  return {
    name: typeof settings.input === 'string' ? settings.input : 'standard input',
    manifest: async () => ({
      document: { bytes, digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest },
      manifest: { kind: 'manifest', ...manifest, annotations: {} },
      indexDigest: undefined,
    }),
    config: async () => config,
    layer: async (_descriptor, { offset }) => createReadStream(path, { start: offset }),
    close: async () => undefined,
  };
}

async function copyPlain(
  input: string | Readable,
  path: string,
): Promise<{ digest: Descriptor['digest']; sizeBytes: number }> {
  const digester = new Digester();
  let sizeBytes = 0;
  const stream = typeof input === 'string' ? openArchiveFile(input) : input;
  const { bytes } = await decompress(stream);
  await pipeline(
    async function* () {
      for await (const chunk of bytes) {
        digester.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(path, { mode: 0o600 }),
  );
  return { digest: digester.digest(), sizeBytes };
}

function openArchiveFile(path: string): Readable {
  try {
    const fd = openSync(path, 'r');
    if (!fstatSync(fd).isDirectory()) return createReadStream('', { fd });
    closeSync(fd);
  } catch (cause) {
    throw new SystemError('OPEN_ARCHIVE', `open "${path}"`, { cause });
  }
  throw new UsageError('NOT_AN_ARCHIVE', `import "${path}": a folder, not an archive`, {
    hint: `tar -C ${path} -c . | berth import -`,
  });
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
