/**
 * Puts one image into a registry (distribution-spec, "Push"). Blobs that the repository has are
 * not sent; blobs of another repository of the same registry are mounted. The manifest, which
 * makes the image visible, goes last.
 */
import { NotFoundError, TransportError } from '@berth/errors';
import type { Descriptor, ImageSink, Reference } from '@berth/oci';
import { formatReference } from '@berth/oci';
import {
  uploadBlob,
  uploadGrowing,
  type GrowingBlob,
  type UploadedBlob,
} from './blob-upload.ts';
import { allowingRule } from './pull-sources.ts';
import type { RegistryClient } from './registry-client.ts';
import type { SessionRequest } from './registry-session.ts';
import { discardBody } from './response-body.ts';
import type { UploadPlace } from './upload.ts';

/** Who sends, and which blobs the registry may have already. */
export interface RegistrySinkOptions {
  /** Stays open after the sink's end. */
  readonly client: RegistryClient;
  /** Repositories of the same registry that may have a blob, the likeliest first. */
  readonly mountFrom?: ((descriptor: Descriptor) => readonly string[]) | undefined;
}

/** A repository that an image is put into. */
export interface RegistrySink extends ImageSink {
  /** Puts a blob that is made meanwhile, and not at all if the registry refuses uploads. */
  putGrowing(make: () => GrowingBlob): Promise<UploadedBlob>;
}

/**
 * The place that `reference` names; mirrors and locations of registries.conf are for pulls. Nothing
 * is asked before the first call. Throws UsageError when registries.conf blocks the registry.
 */
export function registrySink(reference: Reference, options: RegistrySinkOptions): RegistrySink {
  const { registry: host, repository } = reference;
  const rule = allowingRule('push', `${host}/${repository}`, options.client.config);
  const session = options.client.session({ host, isInsecure: rule?.isInsecure });
  const place: UploadPlace = { session, repository };
  const tried = new Set<string>();
  const hasBlob = async (descriptor: Descriptor): Promise<boolean> => {
    if (await isThere(place, descriptor)) return true;
    if (tried.has(descriptor.digest)) return false;
    tried.add(descriptor.digest);
    const sources = options.mountFrom?.(descriptor) ?? [];
    const others = sources.filter((from) => from !== repository);
    for (const from of others.slice(0, MOUNT_TRIES)) {
      if (await mount(place, descriptor, from)) return true;
    }
    return false;
  };
  return {
    name: formatReference(reference),
    hasBlob,
    putBlob: (descriptor, content) => uploadBlob(place, { descriptor, content }),
    putGrowing: (make) => uploadGrowing(place, make, hasBlob),
    async putManifest({ bytes, digest, mediaType }) {
      const name = reference.tag ?? digest;
      await settled(place, {
        method: 'PUT',
        path: `/v2/${place.repository}/manifests/${name}`,
        headers: { 'content-type': mediaType, 'content-length': String(bytes.length) },
        body: () => bytes,
        action: `write manifest "${formatReference(reference)}"`,
      });
    },
  };
}

/**
 * Each try that fails leaves an upload with the registry. One that refuses the blob from three
 * repositories, because they were removed or are closed to us, is given it.
 */
const MOUNT_TRIES = 3;
/** How registries without HEAD refuse it. */
const NO_SUCH_METHOD: readonly unknown[] = [405, 501];

type PushRequest = Omit<SessionRequest, 'repository' | 'isPush'>;

/** Sends, with retries, and discards the response's body. */
async function settled({ session, repository }: UploadPlace, request: PushRequest) {
  const response = await session.fetch({ ...request, repository, isPush: true });
  await discardBody(response);
  return response;
}

async function isThere(place: UploadPlace, { digest }: Descriptor): Promise<boolean> {
  try {
    await settled(place, {
      method: 'HEAD',
      path: `/v2/${place.repository}/blobs/${digest}`,
      action: `look for blob ${digest}`,
    });
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    const status = error instanceof TransportError ? error.details['status'] : undefined;
    // Sending a blob that is there does no harm.
    if (NO_SUCH_METHOD.includes(status)) return false;
    throw error;
  }
}

/** A registry that can't mount begins an upload instead; we let that expire. */
async function mount(place: UploadPlace, { digest }: Descriptor, from: string): Promise<boolean> {
  try {
    const response = await settled(place, {
      method: 'POST',
      path: `/v2/${place.repository}/blobs/uploads/?mount=${digest}` +
        `&from=${encodeURIComponent(from)}`,
      headers: { 'content-length': '0' },
      action: `mount blob ${digest}`,
    });
    return response.status === 201;
  } catch (error) {
    // If we may not mount from there, we can still send the blob.
    if (error instanceof NotFoundError || error instanceof TransportError) return false;
    throw error;
  }
}
