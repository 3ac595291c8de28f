/**
 * Follows redirects itself, because whom to follow is a question of trust: credentials are sent
 * only to the host they are for, and a redirect never leads from TLS to plain HTTP.
 */
import { TransportError } from '@berth/errors';
import type { HttpClient, HttpRequest, HttpResponse } from './http-client.ts';
import { addressForPeople } from './network-failure.ts';
import { discardBody } from './response-body.ts';

const MAXIMUM_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * The first response that is no redirect; its `url` says where it came from. Once a redirect leaves
 * the origin, `authorization` and cookies are dropped for the rest of the chain. Throws
 * TransportError for a step from https to http, an unusable address, or too many steps.
 */
export async function sendFollowing(client: HttpClient, first: HttpRequest): Promise<HttpResponse> {
  let request = first;
  for (let step = 0; step <= MAXIMUM_REDIRECTS; step += 1) {
    const response = await client.send(request);
    if (!REDIRECTS.has(response.status)) return response;
    await discardBody(response);
    request = nextRequest(request, response);
  }
  throw redirectError(first, 'too many redirects');
}

function nextRequest(request: HttpRequest, response: HttpResponse): HttpRequest {
  const location = response.headers.location;
  if (location === undefined) throw redirectError(request, 'a redirect that leads nowhere');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw redirectError(request, `it redirects a ${request.method}`);
  }
  let url: URL;
  try {
    url = new URL(location, request.url);
  } catch {
    throw redirectError(request, 'a redirect to something that is no address');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw redirectError(request, `a redirect to "${url.protocol}"`);
  }
  if (request.url.protocol === 'https:' && url.protocol === 'http:') {
    throw redirectError(request, `a redirect to "${addressForPeople(url)}" gives up TLS`);
  }
  // The address may contain a user and password, which node would turn into a header.
  url.username = '';
  url.password = '';
  const isSameOrigin = url.origin === request.url.origin;
  return { ...request, url, headers: isSameOrigin ? request.headers : publicHeaders(request) };
}

function publicHeaders(request: HttpRequest): Record<string, string> {
  const isSecret = (name: string): boolean => /^(authorization|cookie)$/i.test(name);
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => !isSecret(name)));
}

function redirectError(request: HttpRequest, cause: string): TransportError {
  return new TransportError(
    'REGISTRY_REDIRECT',
    `${request.method.toLowerCase()} "${addressForPeople(request.url)}": ${cause}`,
    { details: { method: request.method, url: addressForPeople(request.url), temporary: false } },
  );
}
