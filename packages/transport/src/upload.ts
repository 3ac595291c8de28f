/**
 * One upload (distribution-spec, "Pushing Blobs"): a blob goes in one piece while it is read, which
 * every registry accepts. After a broken connection the upload continues at the offset that the
 * registry reports. Registries that find the whole blob too large get it in pieces.
 */
import { Readable } from 'node:stream';
import { NotFoundError, TransportError } from '@berth/errors';
import type { BlobContent, Descriptor } from '@berth/oci';
import type { HttpResponse } from './http-client.ts';
import { asPassing, isTemporary } from './network-failure.ts';
import type { RegistrySession } from './registry-session.ts';
import { discardBody } from './response-body.ts';
import { withRetries } from './retry.ts';

/** Where blobs go. */
export interface UploadPlace {
  readonly session: RegistrySession;
  readonly repository: string;
}

/** A blob with what names it. */
export interface WholeBlob {
  readonly descriptor: Descriptor;
  readonly content: BlobContent;
}

/** Proxies in front of registries often refuse larger requests. */
const PIECE_BYTES = 32 * 1024 * 1024;

/** Up to this size the upload needs one request less. */
const SMALL_BYTES = 1024 * 1024;

const TOO_LARGE = 413;
/** How registries without PATCH refuse it (RFC 9110, "Status Codes"). */
const NO_SUCH_METHOD = [405, 501];
const OTHER_RANGE = 416;

/** One upload, from its beginning to the whole blob or to an error. */
export class Upload {
  readonly #place: UploadPlace;
  #action: string;
  /** Undefined before the upload begins, and after it is lost. */
  #location: string | undefined;
  /** How many bytes the registry has. */
  #offset = 0;
  #pieceBytes = Infinity;
  /** Blobs above this size are sent before the request that ends the upload. */
  #smallBytes = SMALL_BYTES;

  constructor(place: UploadPlace) {
    this.#place = place;
    this.#action = `send a layer to repository "${place.repository}"`;
  }

  /** The registry has an upload without bytes. */
  async begin(): Promise<void> {
    await this.#retried(() => this.#begin());
  }

  /**
   * Sends all that there will be, in one piece. Throws nothing: whatever the registry lacks then,
   * `complete` sends.
   */
  async sendAhead(follow: () => AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    let sent = 0;
    const count = async function* (): AsyncGenerator<Uint8Array> {
      sent = 0;
      for await (const chunk of follow()) {
        sent += chunk.length;
        yield chunk;
      }
    };
    try {
      const answer = await this.#fetch({
        method: 'PATCH',
        path: this.#location ?? '',
        headers: { 'content-type': 'application/octet-stream' },
        body: () => Readable.from(count(), { objectMode: false }),
        signal,
      });
      this.#offset = sent;
      this.#moveTo(answer);
    } catch (error) {
      if (!signal.aborted) await this.#recover(error).catch(() => this.#forget());
    }
  }

  /** The registry has the whole blob. */
  async complete(blob: WholeBlob): Promise<void> {
    this.#action = `send blob ${blob.descriptor.digest}`;
    if (this.#offset > blob.descriptor.size) this.#forget();
    await this.#retried(() => this.#goOn(blob));
  }

  async #retried(run: () => Promise<void>): Promise<void> {
    const { options } = this.#place.session;
    await withRetries(run, {
      policy: options.retry,
      signal: options.signal,
      onRetry: (notice) => options.onRetry?.({ ...notice, registry: options.registry }),
    });
  }

  /**
   * Sends all that is missing. An interruption after progress does not use up one of the caller's
   * tries.
   */
  async #goOn(blob: WholeBlob): Promise<void> {
    const { size } = blob.descriptor;
    for (;;) {
      const before = this.#offset;
      try {
        if (this.#location === undefined) await this.#begin();
        while (size > this.#smallBytes && this.#offset < size) await this.#sendPiece(blob);
        await this.#finish(blob);
        return;
      } catch (thrown) {
        const error = asPassing(thrown);
        await this.#recover(error);
        if (this.#offset > size) this.#forget();
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

  async #sendPiece(blob: WholeBlob): Promise<void> {
    const end = Math.min(blob.descriptor.size, this.#offset + this.#pieceBytes);
    const answer = await this.#send(blob, { method: 'PATCH', path: this.#location ?? '', end });
    this.#offset = end;
    this.#moveTo(answer);
  }

  /** A small rest goes with the request that ends the upload. */
  async #finish(blob: WholeBlob): Promise<void> {
    const { digest, size } = blob.descriptor;
    const location = this.#location ?? '';
    const path = `${location}${location.includes('?') ? '&' : '?'}digest=` +
      encodeURIComponent(digest);
    await this.#send(blob, { method: 'PUT', path, end: size });
  }

  /** Sends what the registry lacks up to `end`. */
  async #send(
    { descriptor, content }: WholeBlob,
    { method, path, end }: { method: 'PATCH' | 'PUT'; path: string; end: number },
  ): Promise<HttpResponse> {
    const start = this.#offset;
    const isAll = end === start || (start === 0 && end === descriptor.size);
    return this.#fetch({
      method,
      path,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(end - start),
        ...(isAll ? {} : { 'content-range': `${start}-${end - 1}` }),
      },
      ...(end === start ? {} : { body: () => partOf(content, { start, end }) }),
    });
  }

  /** Finds out where the next try must continue. Throws errors that no further try can solve. */
  async #recover(error: unknown): Promise<void> {
    const status = statusOf(error);
    if (status === TOO_LARGE && this.#pieceBytes > PIECE_BYTES) {
      this.#pieceBytes = PIECE_BYTES;
      this.#forget();
      return;
    }
    if (NO_SUCH_METHOD.includes(Number(status)) && this.#smallBytes < Infinity) {
      this.#smallBytes = Infinity;
      this.#forget();
      return;
    }
    const isLost = error instanceof NotFoundError && this.#location !== undefined;
    if (!isLost && status !== OTHER_RANGE && !isTemporary(error)) throw error;
    if (this.#location === undefined) return;
    const offset = isLost ? undefined : await this.#askOffset();
    if (offset === undefined) this.#forget();
    else this.#offset = offset;
  }

  /** The next try begins anew. */
  #forget(): void {
    this.#location = undefined;
    this.#offset = 0;
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
    signal?: AbortSignal;
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
