/**
 * Requests to one registry as one user: finds out whether the registry speaks TLS, authenticates
 * when asked, follows redirects, tries again. It knows nothing of manifests or blobs.
 */
import type { Readable } from 'node:stream';
import { TransportError } from '@berth/errors';
import { parseChallenges } from './auth-challenge.ts';
import { createAuthorization } from './authorization.ts';
import type { Authorization } from './authorization.ts';
import type { Credentials } from './credential-record.ts';
import type { HttpClient, HttpMethod, HttpResponse } from './http-client.ts';
import { sendFollowing } from './http-redirect.ts';
import { isTemporary } from './network-failure.ts';
import type { FailureSubject } from './registry-failure.ts';
import { refusedError, registryFailure, registryWords } from './registry-failure.ts';
import { discardBody, readBody } from './response-body.ts';
import type { RetryNotice, RetryPolicy } from './retry.ts';
import { withRetries } from './retry.ts';

/** One registry and how to reach it. */
export interface SessionOptions {
  /** As people write it, with port: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** True if the user allows it without checked TLS, or without TLS. */
  readonly isInsecure: boolean;
  readonly client: HttpClient;
  readonly credentials: (repository: string) => Promise<Credentials | undefined>;
  readonly retry: RetryPolicy;
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: ((notice: RetryNotice & { readonly registry: string }) => void) | undefined;
}

/** A request below /v2/. */
export interface SessionRequest {
  readonly method?: HttpMethod | undefined;
  /** From `/v2/` on, with query; or a whole address that the registry itself gave. */
  readonly path: string;
  /** The repository that a token must give access to; '' only asks who we are. */
  readonly repository: string;
  /** Something is sent there: a token must allow that too. */
  readonly isPush?: boolean | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Makes the body; called for each try. */
  readonly body?: (() => Uint8Array | Readable) | undefined;
  /** For errors: `fetch manifest "x"`. */
  readonly action: string;
  /** Besides the session's own. */
  readonly signal?: AbortSignal | undefined;
}

/** A response with its whole body. */
export interface WholeResponse extends HttpResponse {
  readonly bytes: Buffer;
}

/** A registry to talk to. */
export interface RegistrySession {
  readonly options: SessionOptions;
  /**
   * The answer with a 2xx status, tried again while failures are temporary. Throws NotFoundError
   * for 404, TransportError for every other refusal or failure.
   */
  fetch(request: SessionRequest): Promise<HttpResponse>;
  /** As `fetch`, with the whole body (bounded) read within each try. */
  fetchWhole(request: SessionRequest & { readonly limitBytes: number }): Promise<WholeResponse>;
  /** Like `fetch`, tried once: for callers with their own retry loop. */
  fetchOnce(request: SessionRequest): Promise<HttpResponse>;
}

/** Docker Hub's registry has another host name than docker.io. */
const HUB_ADDRESS = 'registry-1.docker.io';

/** A session; nothing is sent before the first request. */
export function openSession(options: SessionOptions): RegistrySession {
  const authorization = createAuthorization({
    ...options,
    signal: options.signal,
    credentials: (scope) => options.credentials(repositoryOf(scope)),
  });
  let base: Promise<URL> | undefined;
  const findBase = (): Promise<URL> => {
    base ??= baseAddress(options).catch((error: unknown) => {
      base = undefined;
      throw error;
    });
    return base;
  };
  const fetchOnce = async (request: SessionRequest): Promise<HttpResponse> => {
    const home = await findBase();
    const url = new URL(request.path, home);
    const isHome = url.origin === home.origin;
    return authorizedFetch({ url, isHome, request, authorization, options });
  };
  const retried = <T>(request: SessionRequest, run: () => Promise<T>): Promise<T> =>
    withRetries(run, {
      policy: options.retry,
      signal: anySignal(options.signal, request.signal),
      onRetry: (notice) => options.onRetry?.({ ...notice, registry: options.registry }),
    });
  return {
    options,
    fetchOnce,
    fetch: (request) => retried(request, () => fetchOnce(request)),
    fetchWhole: (request) =>
      retried(request, async () => {
        const response = await fetchOnce(request);
        const { idleTimeoutMs } = options;
        const bytes = await readBody(response, { limitBytes: request.limitBytes, idleTimeoutMs });
        return { ...response, bytes };
      }),
  };
}

interface AuthorizedFetch {
  readonly url: URL;
  /** False for another host to which the registry sends uploads; it gets no credentials. */
  readonly isHome: boolean;
  readonly request: SessionRequest;
  readonly authorization: Authorization;
  readonly options: SessionOptions;
}

async function authorizedFetch(job: AuthorizedFetch): Promise<HttpResponse> {
  const { request, options } = job;
  const method = request.method ?? 'GET';
  const subject: FailureSubject = { action: request.action, registry: options.registry, method };
  const actions = request.isPush === true ? 'pull,push' : 'pull';
  const scope = request.repository === '' ? '' : `repository:${request.repository}:${actions}`;
  // Twice at most: the first try may find an expired token or learn that one is needed.
  for (let attempt = 1; ; attempt += 1) {
    const proof: Record<string, string> = job.isHome
      ? await job.authorization.headers(scope)
      : {};
    const headers = { ...request.headers, ...proof };
    const response = await sendFollowing(options.client, {
      method,
      url: job.url,
      headers,
      body: request.body?.(),
      signal: anySignal(options.signal, request.signal),
    });
    if (response.status >= 200 && response.status < 300) return response;
    // Only the registry itself may ask for credentials, not a host that a redirect led to.
    const isAsking = response.status === 401 && response.url.origin === job.url.origin;
    const mayAsk = isAsking && job.isHome;
    const challenges = parseChallenges(response.headers['www-authenticate']);
    const isLast = attempt === 2 && challenges.some(({ scheme }) => scheme === 'bearer');
    if (!mayAsk || isLast || attempt > 2) throw await registryFailure(response, subject);
    const { message: words } = await registryWords(response);
    const wasProven = proof['authorization'] !== undefined;
    if (!(await job.authorization.answer(challenges, { scope, wasProven }))) {
      throw refusedError(options.registry, { hadCredentials: true, words });
    }
  }
}

/** A signal that is aborted with the first of those given. */
export function anySignal(
  first: AbortSignal | undefined,
  second: AbortSignal | undefined,
): AbortSignal | undefined {
  return first === undefined || second === undefined
    ? (first ?? second)
    : AbortSignal.any([first, second]);
}

function repositoryOf(scope: string): string {
  return scope.replace(/^repository:/, '').replace(/:pull(,push)?$/, '');
}

/** TLS, unless the registry is insecure and does not answer with TLS. */
async function baseAddress(options: SessionOptions): Promise<URL> {
  const host = options.registry === 'docker.io' ? HUB_ADDRESS : options.registry;
  const secure = new URL(`https://${host}/`);
  if (!options.isInsecure) return secure;
  try {
    const response = await options.client.send({
      method: 'GET',
      url: new URL('/v2/', secure),
      headers: {},
      signal: options.signal,
    });
    await discardBody(response);
    return secure;
  } catch (error) {
    if (!(error instanceof TransportError) || !mayLackTls(error)) throw error;
    return new URL(`http://${host}/`);
  }
}

/** Also where no name server knows the host: a proxy for plain HTTP may know it. */
function mayLackTls(error: TransportError): boolean {
  return NO_TLS.has(error.code) ||
    (error.code === 'REGISTRY_UNKNOWN_HOST' && !isTemporary(error));
}

/**
 * How a TLS handshake with a server without TLS fails: wrong words, a hang-up, no port, or a proxy
 * that connects to no such port.
 */
const NO_TLS = new Set([
  'REGISTRY_NOT_TLS',
  'REGISTRY_CUT_OFF',
  'REGISTRY_DOWN',
  'REGISTRY_TIMEOUT',
  'PROXY_REFUSED',
]);
