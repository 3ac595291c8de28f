/**
 * The bytes of one blob, from any offset. If the connection breaks, the download continues by a
 * range request; where the registry can't do that, it begins anew and skips what is known. Sizes
 * are checked here; the digest is checked by the code that stores the bytes and hashes them once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { IntegrityError, NotFoundError, TransportError } from '@berth/errors';
import type { Descriptor } from '@berth/oci';
import type { HttpResponse } from './http-client.ts';
import { sendFollowing } from './http-redirect.ts';
import { addressForPeople, asPassing, explainNetworkError } from './network-failure.ts';
import { registryFailure } from './registry-failure.ts';
import type { RegistrySession } from './registry-session.ts';
import { anySignal } from './registry-session.ts';
import { discardBody } from './response-body.ts';
import { retryDelay } from './retry.ts';

/** A blob of a repository. */
export interface BlobRequest {
  readonly session: RegistrySession;
  readonly repository: string;
  readonly descriptor: Descriptor;
  /** Where to begin; earlier bytes are not given. */
  readonly offset?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const OTHER_RANGE = 'BLOB_RANGE';
const RANGE_NOT_SATISFIABLE = 416;

interface Progress {
  position: number;
  /** The registry has not yet answered a range request with another range or a refusal. */
  mayAskRange: boolean;
  /** A strong entity tag: proves that a range continues the same bytes. */
  etag: string | undefined;
}

/**
 * Gives the blob's bytes from `offset` to exactly its descriptor's size. An interruption after some
 * progress starts a new round of retries. Throws IntegrityError when the registry's blob is longer
 * or shorter than described, TransportError when it is unavailable. Ending the iteration early
 * closes the connection.
 */
export async function* downloadBlob(request: BlobRequest): AsyncGenerator<Buffer, void, undefined> {
  const { descriptor } = request;
  const progress: Progress = {
    position: request.offset ?? 0, mayAskRange: true, etag: undefined,
  };
  let attempt = 0;
  while (progress.position < descriptor.size) {
    const before = progress.position;
    try {
      const response = await openBlob(request, progress);
      yield* readRange(response, { request, progress });
      if (progress.position === descriptor.size) return;
      throw cutOff(response, { request, progress });
    } catch (error) {
      if (progress.mayAskRange && isAboutRange(error)) {
        progress.mayAskRange = false;
        continue;
      }
      attempt = progress.position > before ? 1 : attempt + 1;
      await pause(asPassing(error), { request, attempt });
    }
  }
}

/** The registry gives another range than it was asked for, or says that there is no such range. */
function isAboutRange(error: unknown): boolean {
  if (error instanceof IntegrityError) return error.code === OTHER_RANGE;
  return error instanceof TransportError && error.details['status'] === RANGE_NOT_SATISFIABLE;
}

async function pause(error: unknown, at: { request: BlobRequest; attempt: number }): Promise<void> {
  const { options } = at.request.session;
  const delayMs = retryDelay(error, { attempt: at.attempt, policy: options.retry });
  if (delayMs === undefined) throw error;
  options.onRetry?.({
    registry: options.registry,
    attempt: at.attempt,
    attempts: options.retry.attempts,
    delayMs,
    error,
  });
  const signal = anySignal(options.signal, at.request.signal);
  await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
}

async function openBlob(request: BlobRequest, progress: Progress): Promise<HttpResponse> {
  const { session, repository, descriptor } = request;
  const headers = rangeHeaders(progress);
  try {
    return await session.fetchOnce({
      path: `/v2/${repository}/blobs/${descriptor.digest}`,
      repository,
      headers,
      signal: request.signal,
      action: `fetch blob "${descriptor.digest}"`,
    });
  } catch (error) {
    const [address] = descriptor.urls ?? [];
    if (!(error instanceof NotFoundError) || address === undefined) throw error;
    return openForeign(address, { request, headers });
  }
}

function rangeHeaders({ position, mayAskRange, etag }: Progress): Record<string, string> {
  if (position === 0 || !mayAskRange) return {};
  const condition = etag === undefined ? {} : { 'if-range': etag };
  return { range: `bytes=${position}-`, ...condition };
}

/**
 * A foreign layer: whoever made the image chose its address. The request has no credentials, and
 * may go without TLS only if the registry may.
 */
async function openForeign(
  address: string,
  { request, headers }: { request: BlobRequest; headers: Record<string, string> },
): Promise<HttpResponse> {
  const { options } = request.session;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isAllowed = url?.protocol === 'https:' || (url?.protocol === 'http:' && options.isInsecure);
  if (url === undefined || !isAllowed) {
    throw new IntegrityError(
      'FOREIGN_LAYER',
      `fetch blob "${request.descriptor.digest}": its address has no TLS`,
    );
  }
  url.username = '';
  url.password = '';
  const response = await sendFollowing(options.client, {
    method: 'GET',
    url,
    headers,
    signal: anySignal(options.signal, request.signal),
  });
  if (response.status === 200 || response.status === 206) return response;
  const action = `fetch blob "${request.descriptor.digest}"`;
  throw await registryFailure(response, { action, registry: url.host, method: 'GET' });
}

interface Reading {
  readonly request: BlobRequest;
  readonly progress: Progress;
}

async function* readRange(response: HttpResponse, reading: Reading): AsyncGenerator<Buffer> {
  const { progress, request } = reading;
  let skipBytes = await checkHead(response, reading);
  const idleTimeoutMs = request.session.options.idleTimeoutMs;
  for await (const chunk of watched(response, idleTimeoutMs)) {
    const fresh = skipBytes === 0 ? chunk : chunk.subarray(skipBytes);
    skipBytes = Math.max(0, skipBytes - chunk.length);
    if (fresh.length === 0) continue;
    progress.position += fresh.length;
    if (progress.position > request.descriptor.size) {
      throw sizeError(request, `more than the ${request.descriptor.size} bytes described`);
    }
    yield fresh;
  }
}

/** Checks length and range of a response; returns how many of its first bytes are known already. */
async function checkHead(response: HttpResponse, { request, progress }: Reading): Promise<number> {
  const { size } = request.descriptor;
  const { etag } = response.headers;
  progress.etag = etag !== undefined && etag.startsWith('"') ? etag : undefined;
  if (response.status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '');
    const total = range?.[2] === '*' ? size : Number(range?.[2]);
    if (range === null || Number(range[1]) !== progress.position || total !== size) {
      await discardBody(response);
      const wanted = `byte ${progress.position} of ${size}`;
      throw blobError(OTHER_RANGE, request, `a range that does not continue at ${wanted}`);
    }
    return 0;
  }
  const declared = response.headers['content-length'];
  if (declared !== undefined && Number(declared) !== size) {
    await discardBody(response);
    throw sizeError(request, `${declared} bytes instead of the ${size} described`);
  }
  return progress.position;
}

/**
 * The body. Gives up when the server sends nothing for the time limit while we wait for it. The
 * time that the consumer takes does not count.
 */
async function* watched(response: HttpResponse, idleTimeoutMs: number): AsyncGenerator<Buffer> {
  const { body, url } = response;
  let isWaiting = true;
  const timer = setTimeout(() => {
    if (!isWaiting) return;
    body.destroy(
      new TransportError(
        'REGISTRY_TIMEOUT',
        `read from "${url.host}": no data for ${idleTimeoutMs / 1000} s`,
        {
          details: { url: addressForPeople(url), temporary: true },
        },
      ),
    );
  }, idleTimeoutMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      isWaiting = false;
      yield chunk;
      isWaiting = true;
      timer.refresh();
    }
  } catch (error) {
    throw explainNetworkError(error, { request: { method: 'GET', url }, proxy: undefined });
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
}

function cutOff(response: HttpResponse, { request, progress }: Reading): TransportError {
  const end = `${progress.position} of ${request.descriptor.size} bytes`;
  return new TransportError(
    'REGISTRY_CUT_OFF',
    `read from "${response.url.host}": ended after ${end}`,
    { details: { url: addressForPeople(response.url), temporary: true } },
  );
}

function sizeError(request: BlobRequest, what: string): IntegrityError {
  return blobError('BLOB_SIZE', request, what);
}

function blobError(code: string, request: BlobRequest, what: string): IntegrityError {
  return new IntegrityError(
    code,
    `fetch blob "${request.descriptor.digest}": the registry gives ${what}`,
  );
}
