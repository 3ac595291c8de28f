/**
 * Sends one blob to a registry (distribution-spec, "Pushing Blobs"): in one piece while it is
 * read, which every registry accepts. After a broken connection the upload continues at the offset
 * that the registry reports. Registries that find the whole blob too large get it in pieces.
 */
import { Readable } from 'node:stream';
import { NotFoundError, TransportError } from '@berth/errors';
import type { BlobContent, Descriptor } from '@berth/oci';
import type { HttpResponse } from './http-client.ts';
import { isTemporary } from './network-failure.ts';
import type { RegistrySession } from './registry-session.ts';
import { discardBody } from './response-body.ts';
import { withRetries } from './retry.ts';

/** Where blobs go. */
export interface UploadPlace {
  readonly session: RegistrySession;
  readonly repository: string;
}

/** Proxies in front of registries often refuse larger requests. */
const PIECE_BYTES = 32 * 1024 * 1024;

/** Up to this size the upload needs one request less. */
const SMALL_BYTES = 1024 * 1024;

const TOO_LARGE = 413;
const OTHER_RANGE = 416;

/** The blob is in the repository. Throws TransportError, and what reading the content throws. */
export async function uploadBlob(
  place: UploadPlace,
  descriptor: Descriptor,
  content: BlobContent,
): Promise<void> {
  const upload = new Upload(place, descriptor, content);
  const { options } = place.session;
  await withRetries(() => upload.goOn(), {
    policy: options.retry,
    signal: options.signal,
    onRetry: (notice) => options.onRetry?.({ ...notice, registry: options.registry }),
  });
}

class Upload {
  readonly #place: UploadPlace;
  readonly #descriptor: Descriptor;
  readonly #content: BlobContent;
  readonly #action: string;
  /** Undefined before the upload begins, and after it is lost. */
  #location: string | undefined;
  /** How many bytes the registry has. */
  #offset = 0;
  #pieceBytes = Infinity;

  constructor(place: UploadPlace, descriptor: Descriptor, content: BlobContent) {
    this.#place = place;
    this.#descriptor = descriptor;
    this.#content = content;
    this.#action = `send blob ${descriptor.digest}`;
  }

  /**
   * Sends all that is missing. An interruption after progress does not use up one of the caller's
   * tries.
   */
  async goOn(): Promise<void> {
    for (;;) {
      const before = this.#offset;
      try {
        if (this.#location === undefined) await this.#begin();
        const { size } = this.#descriptor;
        while (size > SMALL_BYTES && this.#offset < size) await this.#sendPiece();
        await this.#finish();
        return;
      } catch (error) {
        await this.#recover(error);
        if (this.#offset <= before) throw asTemporary(error);
      }
    }
  }

  async #begin(): Promise<void> {
    const path = `/v2/${this.#place.repository}/blobs/uploads/`;
    const answer = await this.#fetch({
      method: 'POST', path, headers: { 'content-length': '0' },
    });
    this.#offset = 0;
    this.#moveTo(answer);
    const least = Number(answer.headers['oci-chunk-min-length'] ?? 0);
    if (least > this.#pieceBytes) this.#pieceBytes = least;
  }

  async #sendPiece(): Promise<void> {
    const end = Math.min(this.#descriptor.size, this.#offset + this.#pieceBytes);
    const answer = await this.#send('PATCH', { path: this.#location ?? '', end });
    this.#offset = end;
    this.#moveTo(answer);
  }

  /** A small rest goes with the request that ends the upload. */
  async #finish(): Promise<void> {
    const { digest, size } = this.#descriptor;
    const location = this.#location ?? '';
    const path = `${location}${location.includes('?') ? '&' : '?'}digest=` +
      encodeURIComponent(digest);
    await this.#send('PUT', { path, end: size });
  }

  /** Sends what the registry lacks up to `end`. */
  async #send(
    method: 'PATCH' | 'PUT',
    { path, end }: { path: string; end: number },
  ): Promise<HttpResponse> {
    const start = this.#offset;
    const isAll = end === start || (start === 0 && end === this.#descriptor.size);
    return this.#fetch({
      method,
      path,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(end - start),
        ...(isAll ? {} : { 'content-range': `${start}-${end - 1}` }),
      },
      ...(end === start ? {} : { body: () => partOf(this.#content, { start, end }) }),
    });
  }

  /** Finds out where the next try must continue. Throws errors that no further try can solve. */
  async #recover(error: unknown): Promise<void> {
    const status = statusOf(error);
    if (status === TOO_LARGE && this.#pieceBytes > PIECE_BYTES) {
      this.#pieceBytes = PIECE_BYTES;
      this.#location = undefined;
      return;
    }
    const isLost = error instanceof NotFoundError && this.#location !== undefined;
    if (!isLost && status !== OTHER_RANGE && !isTemporary(error)) throw error;
    if (this.#location === undefined) return;
    const offset = isLost ? undefined : await this.#askOffset();
    if (offset === undefined || offset > this.#descriptor.size) this.#location = undefined;
    this.#offset = this.#location === undefined ? 0 : offset ?? 0;
  }

  /** How many bytes the registry has, by the upload's status; undefined if it does not say. */
  async #askOffset(): Promise<number | undefined> {
    try {
      const answer = await this.#fetch({ method: 'GET', path: this.#location ?? '' });
      this.#moveTo(answer);
      const range = /^(?:bytes=)?0-(\d+)$/.exec(String(answer.headers['range'] ?? ''));
      if (range === null) return undefined;
      const last = Number(range[1]);
      // "0-0" is said for no bytes, and would be said for one: beginning anew is safe.
      return last === 0 ? undefined : last + 1;
    } catch {
      return undefined;
    }
  }

  #moveTo({ headers }: HttpResponse): void {
    if (headers.location !== undefined) this.#location = headers.location;
    if (this.#location !== undefined) return;
    throw new TransportError('REGISTRY_PROTOCOL',
      `${this.#action}: the registry does not say where`, { details: { temporary: false } });
  }

  async #fetch(request: {
    method: 'POST' | 'PATCH' | 'PUT' | 'GET';
    path: string;
    headers?: Record<string, string>;
    body?: () => Readable;
  }): Promise<HttpResponse> {
    const { session, repository } = this.#place;
    const answer = await session.fetchOnce({
      ...request, repository, isPush: true, action: this.#action,
    });
    await discardBody(answer);
    return answer;
  }
}

function statusOf(error: unknown): unknown {
  return error instanceof TransportError ? error.details['status'] : undefined;
}

/** An error from which we recovered is worth another try, whatever it was. */
function asTemporary(error: unknown): unknown {
  if (isTemporary(error)) return error;
  const { code, message } = error as TransportError;
  return new TransportError(code, message, { cause: error, details: { temporary: true } });
}

function partOf(content: BlobContent, range: { start: number; end: number }): Readable {
  return Readable.from(cut(content.stream(), range), { objectMode: false });
}

async function* cut(
  bytes: AsyncIterable<Uint8Array>,
  { start, end }: { start: number; end: number },
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of bytes) {
    const piece = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at));
    at += chunk.length;
    if (piece.length > 0) yield piece;
    if (at >= end) return;
  }
}
