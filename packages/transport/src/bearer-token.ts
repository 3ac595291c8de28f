/** Fetches one bearer token from the token server that a registry's challenge names. */
import { TransportError } from '@berth/errors';
import type { AuthChallenge } from './auth-challenge.ts';
import type { Credentials } from './credential-record.ts';
import { basicHeader } from './credential-record.ts';
import type { HttpClient, HttpRequest, HttpResponse } from './http-client.ts';
import { sendFollowing } from './http-redirect.ts';
import { refusedError, registryWords } from './registry-failure.ts';
import { discardBody, readBody } from './response-body.ts';

/** The registry on whose behalf tokens are fetched. */
export interface TokenOptions {
  readonly registry: string;
  readonly client: HttpClient;
  /**
   * True when the user allows this registry without TLS; only then its token server may do so too.
   */
  readonly isInsecure: boolean;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface TokenRequest extends TokenOptions {
  readonly challenge: AuthChallenge;
  readonly scope: string;
  readonly credentials: Credentials | undefined;
}

const MAXIMUM_ANSWER_BYTES = 1 << 20;
/** The token protocol's minimum; used if the server names no lifetime. */
const DEFAULT_LIFE_S = 60;
/** Tokens are renewed this early, so that none expires on its way. */
const MARGIN_MS = 5_000;

/**
 * A token for `scope` and the time until which it is worth sending. Throws TransportError when
 * the token server has no TLS, refuses, or answers nonsense.
 */
export async function fetchToken(
  request: TokenRequest,
): Promise<{ value: string; freshUntilMs: number }> {
  const realm = tokenServer(request);
  const askedAtMs = Date.now();
  const response = await sendFollowing(request.client, tokenRequest(realm, request));
  if (response.status === 401 || response.status === 403) {
    const { message: words } = await registryWords(response);
    throw refusedError(request.registry, {
      hadCredentials: request.credentials !== undefined, words,
    });
  }
  if (response.status !== 200) {
    await discardBody(response);
    throw tokenError(request, { cause: `it answers ${response.status}`, status: response.status });
  }
  return readToken(response, { request, askedAtMs });
}

function tokenServer(request: TokenRequest): URL {
  let realm: URL;
  try {
    realm = new URL(request.challenge.parameters['realm'] ?? '');
  } catch {
    throw tokenError(request, { cause: 'its address is not one' });
  }
  if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && request.isInsecure)) {
    throw tokenError(request, { cause: `"${realm.host}" has no TLS, and would see the password` });
  }
  realm.username = '';
  realm.password = '';
  return realm;
}

function tokenRequest(realm: URL, request: TokenRequest): HttpRequest {
  const { credentials, challenge } = request;
  const service = challenge.parameters['service'];
  const base = { signal: request.signal };
  if (credentials?.identityToken !== undefined) {
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'berth' });
    if (service !== undefined) form.set('service', service);
    if (request.scope !== '') form.set('scope', request.scope);
    form.set('refresh_token', credentials.identityToken);
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    };
    return { ...base, method: 'POST', url: realm, headers, body: form.toString() };
  }
  const url = new URL(realm.href);
  if (service !== undefined) url.searchParams.set('service', service);
  if (request.scope !== '') url.searchParams.append('scope', request.scope);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (credentials !== undefined) {
    url.searchParams.set('account', credentials.username);
    headers['authorization'] = basicHeader(credentials);
  }
  return { ...base, method: 'GET', url, headers };
}

async function readToken(
  response: HttpResponse,
  { request, askedAtMs }: { request: TokenRequest; askedAtMs: number },
): Promise<{ value: string; freshUntilMs: number }> {
  const body = await readBody(response, {
    limitBytes: MAXIMUM_ANSWER_BYTES,
    idleTimeoutMs: request.idleTimeoutMs,
  });
  const { token, access_token: accessToken, expires_in: expiresIn } = parseAnswer(body);
  const value = typeof token === 'string' && token !== '' ? token : accessToken;
  // A token goes into a header; a line break in it would let the server add headers.
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw tokenError(request, { cause: 'its answer holds no token' });
  }
  const lifeS = typeof expiresIn === 'number' && expiresIn > 0 ? expiresIn : DEFAULT_LIFE_S;
  return { value, freshUntilMs: askedAtMs + lifeS * 1000 - MARGIN_MS };
}

function parseAnswer(body: Buffer): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(body.toString('utf8'));
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function tokenError(
  request: TokenRequest,
  { cause, status }: { cause: string; status?: number },
): TransportError {
  const temporary = status !== undefined && (status === 429 || status >= 500);
  return new TransportError(
    'REGISTRY_TOKEN',
    `ask the token server of "${request.registry}": ${cause}`,
    { details: { ...(status === undefined ? {} : { status }), temporary } },
  );
}
