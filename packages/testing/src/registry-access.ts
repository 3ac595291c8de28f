/**
 * Who may read a scripted registry: everybody, users with a password, or users with a token from
 * its own token server.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a scripted registry wants to see. */
export interface RegistryAccess {
  readonly kind: 'basic' | 'bearer';
  /** Without a user, the token server gives a token to everybody. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** What the token server takes in a POST in place of a password. */
  readonly identityToken?: string | undefined;
  /** The realm to name; default: /token on the registry itself. */
  readonly realm?: string | undefined;
  readonly expiresInS?: number | undefined;
  /** Changing it makes all earlier tokens invalid. */
  tokenValue?: string | undefined;
}

const DEFAULT_TOKEN = 'scripted-token';

/** The challenge to answer with, or undefined when the request may pass. */
export function checkAccess(
  access: RegistryAccess | undefined,
  { request, origin }: { request: IncomingMessage; origin: string },
): string | undefined {
  if (access === undefined) return undefined;
  const sent = request.headers.authorization;
  if (access.kind === 'basic') return sent === basic(access) ? undefined : 'Basic realm="scripted"';
  if (sent === `Bearer ${access.tokenValue ?? DEFAULT_TOKEN}`) return undefined;
  const realm = access.realm ?? `${origin}/token`;
  return `Bearer realm="${realm}",service="scripted",scope="repository:any:pull"`;
}

/** The token server's answer to a GET with a password or a POST with an identity token. */
export function serveToken(
  access: RegistryAccess | undefined,
  visit: { request: IncomingMessage; response: ServerResponse },
): void {
  const { request, response } = visit;
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    const isKnown = access !== undefined && mayHaveToken(access, { request, body });
    const answer = {
      token: access?.tokenValue ?? DEFAULT_TOKEN,
      expires_in: access?.expiresInS ?? 300,
    };
    response
      .writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' })
      .end(isKnown ? JSON.stringify(answer) : '{"details":"incorrect username or password"}');
  });
}

function mayHaveToken(
  access: RegistryAccess,
  { request, body }: { request: IncomingMessage; body: string },
): boolean {
  if (request.method === 'POST') {
    const form = new URLSearchParams(body);
    return (
      form.get('grant_type') === 'refresh_token' &&
      form.get('refresh_token') === access.identityToken
    );
  }
  return access.username === undefined || request.headers.authorization === basic(access);
}

function basic(access: RegistryAccess): string {
  const pair = `${access.username ?? ''}:${access.password ?? ''}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}
