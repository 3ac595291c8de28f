/**
 * The images that Berth brings along, so that a first run needs no registry: `hello`, made from
 * our own static helper, and `host`, the machine's own programs. They enter the store like any
 * other image.
 */
import { readFileSync } from 'node:fs';
import { digestOf, localPlatform, MEDIA_TYPE, type Descriptor, type ImageSource } from '@berth/oci';
import { nativeHelper } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import { RELEASED } from '../system/version.ts';
import { acquireImage } from './acquire.ts';
import { embeddedReference, type EmbeddedName } from './embedded-name.ts';
import { hostSkeleton } from './host-image.ts';
import { writeTar } from './tar-writer.ts';

/** The embedded image is in the store; answers its id. */
export async function acquireEmbedded(engine: Engine, name: EmbeddedName): Promise<string> {
  const source = name === 'hello' ? helloSource() : hostSource();
  return acquireImage(engine, source, { names: [embeddedReference(name)], repository: '' });
}

function helloSource(): ImageSource {
  const helper = readFileSync(nativeHelper());
  const layer = writeTar([{ path: 'hello', type: 'file', mode: 0o755, content: helper }]);
  return embeddedSource('hello', layer, { Entrypoint: ['/hello', 'hello'], WorkingDir: '/' });
}

function hostSource(): ImageSource {
  const settings = {
    Cmd: ['/bin/sh'],
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  };
  return embeddedSource('host', writeTar(hostSkeleton()), settings);
}

function embeddedSource(name: string, layer: Buffer, config: Record<string, unknown>): ImageSource {
  const platform = localPlatform();
  const configBytes = json({
    created: RELEASED,
    architecture: platform.architecture,
    os: platform.os,
    config,
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    history: [{ created: RELEASED, created_by: `berth ${name}` }],
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: descriptor(MEDIA_TYPE.ociConfig, configBytes),
    layers: [descriptor(MEDIA_TYPE.ociLayer, layer)],
  };
  const bytes = json(manifest);
  const document = { bytes, digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest };
  return {
    name,
    manifest: async () => ({
      document,
      manifest: { kind: 'manifest', ...manifest, annotations: {} },
      indexDigest: undefined,
    }),
    config: async () => configBytes,
    layer: async (_descriptor, { offset }) => once(layer.subarray(offset)),
    close: async () => undefined,
  };
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function descriptor(mediaType: string, bytes: Buffer): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
