/**
 * The images that are part of Berth, so that a first run needs no registry: `hello`, made from our
 * own static helper, and `host`, the machine's own programs. They enter the store like any other
 * image.
 */
import { readFileSync } from 'node:fs';
import { digestOf, localPlatform, MEDIA_TYPE, type ImageSource } from '@berth/oci';
import { nativeHelper } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import { RELEASED } from '../system/version.ts';
import { acquireImage } from './acquire.ts';
import { embeddedReference, type EmbeddedName } from './embedded-name.ts';
import { hostSkeleton } from './host-image.ts';
import { madeImage } from './made-image.ts';
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
  const { os, architecture } = localPlatform();
  const digest = digestOf(layer);
  const made = madeImage({
    name,
    format: 'oci',
    config: {
      created: RELEASED,
      architecture,
      os,
      config,
      rootfs: { type: 'layers', diff_ids: [digest] },
      history: [{ created: RELEASED, created_by: `berth ${name}` }],
    },
    layers: [{ mediaType: MEDIA_TYPE.ociLayer, digest, size: layer.length }],
  });
  return { ...made, layer: async (_descriptor, { offset }) => once(layer.subarray(offset)) };
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
