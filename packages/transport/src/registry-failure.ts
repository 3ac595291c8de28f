/** Turns a registry's refusal into an error that says what was asked, what it said, and why. */
import { NotFoundError, TransportError } from '@berth/errors';
import type { EngineError } from '@berth/errors';
import type { HttpResponse } from './http-client.ts';
import { addressForPeople } from './network-failure.ts';
import { readBody } from './response-body.ts';
import { LONGEST_RETRY_AFTER_MS, retryAfterMs } from './retry.ts';

const MAXIMUM_ERROR_BYTES = 64 * 1024;
const MAXIMUM_MESSAGE_LENGTH = 300;
/** Statuses after which the same request may succeed. */
const TEMPORARY = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What a request was for, in words for people. */
export interface FailureSubject {
  /** As in `fetch manifest "x"`. */
  readonly action: string;
  readonly registry: string;
  readonly method: string;
}

/**
 * The error for a registry that refuses access. `words` are its own; to somebody without
 * credentials they say no more than the error does.
 */
export function refusedError(
  registry: string,
  { hadCredentials, words }: { hadCredentials: boolean; words: string },
): TransportError {
  const said = words === '' ? '' : ` (${words})`;
  return new TransportError(
    'REGISTRY_UNAUTHORIZED',
    hadCredentials
      ? `log in to "${registry}": the user name or password is refused${said}`
      : `ask "${registry}": it wants a user name and password`,
    {
      hint: `berth login ${registry}`,
      details: { status: 401, temporary: false },
    },
  );
}

/** True for a status that may change when the request is repeated. */
export function isTemporaryStatus(status: number): boolean {
  return TEMPORARY.has(status);
}

/**
 * The error for a response outside 2xx; reads its body (bounded) for the registry's own message.
 * NotFoundError for 404, else TransportError with `status`, `registryCode` and `temporary`.
 */
export async function registryFailure(
  response: HttpResponse,
  subject: FailureSubject,
): Promise<EngineError> {
  const said = await registryWords(response);
  const { status } = response;
  const details = {
    method: subject.method,
    url: addressForPeople(response.url),
    status,
    registryCode: said.code,
    temporary: isTemporaryStatus(status),
    retryAfterMs: retryAfterMs(response.headers['retry-after']),
  };
  const words = said.message === '' ? '' : ` (${said.message})`;
  const message = `${subject.action}: ${explainStatus(status, subject.registry)}${words}`;
  if (status === 404) return new NotFoundError('REGISTRY_NOT_FOUND', message, { details });
  if (status === 401 || status === 403) {
    const hint = `berth login ${subject.registry}`;
    return new TransportError('REGISTRY_UNAUTHORIZED', message, { hint, details });
  }
  const code = status === 429 ? 'REGISTRY_RATE_LIMIT' : 'REGISTRY_REFUSED';
  return new TransportError(code, message, { details, hint: waitingHint(details.retryAfterMs) });
}

/** Undefined for a wait that the next try keeps by itself. */
function waitingHint(waitMs: number | undefined): string | undefined {
  if (waitMs === undefined || waitMs <= LONGEST_RETRY_AFTER_MS) return undefined;
  return `it asks to wait ${Math.ceil(waitMs / 60_000)} minutes`;
}

function explainStatus(status: number, registry: string): string {
  if (status === 404) return `"${registry}" does not have it`;
  if (status === 401) return `"${registry}" wants a user who may read it, or does not have it`;
  if (status === 403) return `"${registry}" denies access`;
  if (status === 407) return 'the proxy wants another user name and password';
  if (status === 413) return `"${registry}" answers 413: it is too large for it`;
  if (status === 429) return `"${registry}" answers 429: too many requests`;
  if (status >= 500) return `"${registry}" answers ${status}: it is in trouble`;
  return `"${registry}" answers ${status}`;
}

/** What a registry or token server says beside its status. Never throws. */
export async function registryWords(
  response: HttpResponse,
): Promise<{ code: string; message: string }> {
  try {
    const body = await readBody(response, {
      limitBytes: MAXIMUM_ERROR_BYTES,
      idleTimeoutMs: 5_000,
    });
    const text = body.toString('utf8').trim();
    const isPlain = response.headers['content-type']?.startsWith('text/plain') === true;
    return isPlain && !text.startsWith('{')
      ? { code: '', message: firstLine(text) } : firstError(JSON.parse(text));
  } catch {
    // A page of a web server, or one that is endless or cut off, adds nothing to the status.
    return { code: '', message: '' };
  }
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, MAXIMUM_MESSAGE_LENGTH);
}

function firstError(answer: unknown): { code: string; message: string } {
  const { errors, details: plain } = Object(answer) as { errors?: unknown; details?: unknown };
  const first: unknown = Array.isArray(errors) ? errors[0] : { message: plain };
  if (typeof first !== 'object' || first === null) return { code: '', message: '' };
  const read = (key: string): string => {
    const value: unknown = (first as Record<string, unknown>)[key];
    return typeof value === 'string' ? value.slice(0, MAXIMUM_MESSAGE_LENGTH) : '';
  };
  return { code: read('code'), message: read('message') || read('code') };
}
