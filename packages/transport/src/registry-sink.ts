/**
 * Puts one image into a registry (distribution-spec, "Push"): blobs that are there are not sent,
 * those of another repository of the same registry are mounted, large ones go in chunks and go on
 * where a broken connection stopped them. The manifest, which makes the image visible, goes last.
 */
import { NotFoundError, TransportError } from '@berth/errors';
import type { BlobContent, Descriptor, ImageSink, Reference } from '@berth/oci';
import { formatReference } from '@berth/oci';
import type { RegistryClient } from './registry-client.ts';
import type { RegistrySession, SessionRequest } from './registry-session.ts';
import { discardBody } from './response-body.ts';
import { withRetries } from './retry.ts';

/** Who puts, and what may be had without sending. */
export interface RegistrySinkOptions {
  /** Stays open when the sink is done with. */
  readonly client: RegistryClient;
  /** Repositories of the same registry that may have a blob. */
  readonly mountFrom?: ((descriptor: Descriptor) => readonly string[]) | undefined;
}

/** Small blobs go in one request, larger ones in chunks of this size. */
const CHUNK_BYTES = 32 * 1024 * 1024;

/** The place that `reference` names. Nothing is asked before the first call. */
export function registrySink(reference: Reference, options: RegistrySinkOptions): ImageSink {
  const session = options.client.session({ host: reference.registry, isInsecure: undefined });
  const place: Place = { session, repository: reference.repository };
  return {
    name: formatReference(reference),
    async hasBlob(descriptor) {
      if (await isThere(place, descriptor)) return true;
      for (const from of options.mountFrom?.(descriptor) ?? []) {
        if (from !== reference.repository && await mount(place, descriptor, from)) return true;
      }
      return false;
    },
    putBlob: (descriptor, content) => upload(place, descriptor, content),
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

interface Place {
  readonly session: RegistrySession;
  readonly repository: string;
}

type PushRequest = Omit<SessionRequest, 'repository' | 'isPush'>;

/** Sends, with retries, and is done with the answer's body. */
async function settled({ session, repository }: Place, request: PushRequest) {
  const response = await session.fetch({ ...request, repository, isPush: true });
  await discardBody(response);
  return response;
}

async function isThere(place: Place, { digest }: Descriptor): Promise<boolean> {
  try {
    await settled(place, {
      method: 'HEAD',
      path: `/v2/${place.repository}/blobs/${digest}`,
      action: `look for blob ${digest}`,
    });
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** A registry that can't mount begins an upload instead, which is left to expire. */
async function mount(place: Place, { digest }: Descriptor, from: string): Promise<boolean> {
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
    // Not to be allowed there is no reason not to send it.
    if (error instanceof NotFoundError || error instanceof TransportError) return false;
    throw error;
  }
}

async function upload(place: Place, descriptor: Descriptor, content: BlobContent): Promise<void> {
  const { session } = place;
  const { options } = session;
  // A lost upload is begun anew; what a chunk needs is tried again within.
  await withRetries(() => uploadOnce(place, descriptor, content), {
    policy: options.retry,
    signal: options.signal,
    onRetry: (notice) => options.onRetry?.({ ...notice, registry: options.registry }),
  });
}

async function uploadOnce(
  place: Place,
  { digest, size }: Descriptor,
  content: BlobContent,
): Promise<void> {
  const action = `send blob ${digest}`;
  const begun = await settled(place, {
    method: 'POST',
    path: `/v2/${place.repository}/blobs/uploads/`,
    headers: { 'content-length': '0' },
    action,
  });
  let location = locationOf(begun.headers.location, action);
  if (size <= CHUNK_BYTES) {
    const whole = await collect(content.stream());
    await finish(place, { location, digest, bytes: whole, action });
    return;
  }
  let offset = 0;
  for await (const chunk of chunksOf(content.stream())) {
    const range = { 'content-range': `${offset}-${offset + chunk.length - 1}` };
    const answer = await settled(place, {
      method: 'PATCH',
      path: location,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(chunk.length), ...range,
      },
      body: () => chunk,
      action,
    });
    offset += chunk.length;
    location = locationOf(answer.headers.location, action);
  }
  await finish(place, { location, digest, bytes: Buffer.alloc(0), action });
}

interface Finish {
  readonly location: string;
  readonly digest: string;
  readonly bytes: Buffer;
  readonly action: string;
}

async function finish(place: Place, { location, digest, bytes, action }: Finish): Promise<void> {
  const query = `${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
  await settled(place, {
    method: 'PUT',
    path: `${location}${query}`,
    headers: {
      'content-type': 'application/octet-stream', 'content-length': String(bytes.length),
    },
    body: () => bytes,
    action,
  });
}

function locationOf(location: string | undefined, action: string): string {
  if (location !== undefined) return location;
  throw new TransportError('REGISTRY_PROTOCOL', `${action}: the registry does not say where`, {
    details: { temporary: false },
  });
}

async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Pieces of CHUNK_BYTES, the last one shorter. */
async function* chunksOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pending: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    pending.push(chunk);
    length += chunk.length;
    if (length < CHUNK_BYTES) continue;
    const whole = Buffer.concat(pending);
    yield whole.subarray(0, CHUNK_BYTES);
    pending = [whole.subarray(CHUNK_BYTES)];
    length -= CHUNK_BYTES;
  }
  if (length > 0) yield Buffer.concat(pending);
}
