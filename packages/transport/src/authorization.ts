/**
 * Authenticates to one registry: by basic authentication, or by bearer tokens, which are fetched
 * from the token server that the registry names and kept by scope. Requests that need the same
 * token wait for one fetch.
 */
import type { AuthChallenge } from './auth-challenge.ts';
import type { TokenOptions } from './bearer-token.ts';
import { fetchToken } from './bearer-token.ts';
import type { Credentials } from './credential-record.ts';
import { basicHeader } from './credential-record.ts';
import { refusedError } from './registry-failure.ts';

/** The authorization state of one registry for one user. */
export interface Authorization {
  /** The headers that authenticate us for `scope`, as far as they are known. */
  headers(scope: string): Promise<Record<string, string>>;
  /**
   * Takes the 401 that a request met. True when the same request is worth sending again; throws
   * TransportError when the credentials are refused, or when it is not safe to send them.
   */
  answer(challenges: readonly AuthChallenge[], refused: RefusedRequest): Promise<boolean>;
}

/** A request that a registry has answered with 401. */
export interface RefusedRequest {
  readonly scope: string;
  /** It carried headers of ours. If not, it may have left before another one met its 401. */
  readonly wasProven: boolean;
}

/** What is needed to authenticate to one registry. */
export interface AuthorizationOptions extends TokenOptions {
  readonly credentials: (scope: string) => Promise<Credentials | undefined>;
}

interface HeldToken {
  readonly value: Promise<string>;
  readonly isFresh: () => boolean;
}

type Method =
  | { readonly kind: 'none' | 'basic' }
  | { readonly kind: 'bearer'; readonly challenge: AuthChallenge };

/** Sends nothing until the registry asks for it. */
export function createAuthorization(options: AuthorizationOptions): Authorization {
  let method: Method = { kind: 'none' };
  const tokens = new Map<string, HeldToken>();
  const token = (challenge: AuthChallenge, scope: string): Promise<string> => {
    const held = tokens.get(scope);
    if (held?.isFresh() === true) return held.value;
    let freshUntilMs = Number.POSITIVE_INFINITY;
    const value = obtain(options, { challenge, scope }).then((token) => {
      freshUntilMs = token.freshUntilMs;
      return token.value;
    });
    tokens.set(scope, { value, isFresh: () => Date.now() < freshUntilMs });
    value.catch(() => tokens.delete(scope));
    return value;
  };
  const headers = async (scope: string): Promise<Record<string, string>> => {
    if (method.kind === 'none') return {};
    if (method.kind === 'bearer') {
      return { authorization: `Bearer ${await token(method.challenge, scope)}` };
    }
    const credentials = await options.credentials(scope);
    return credentials === undefined ? {} : { authorization: basicHeader(credentials) };
  };
  return {
    headers,
    async answer(challenges, { scope, wasProven }) {
      method = await chooseMethod(challenges, { options, scope });
      if (method.kind === 'basic') return !wasProven;
      // Refused although a token was sent: by the server's clock it has expired.
      if (wasProven) tokens.delete(scope);
      return true;
    },
  };
}

async function chooseMethod(
  challenges: readonly AuthChallenge[],
  context: { options: AuthorizationOptions; scope: string },
): Promise<Method> {
  const { options } = context;
  const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
  if (bearer?.parameters['realm'] !== undefined) return { kind: 'bearer', challenge: bearer };
  const credentials = await options.credentials(context.scope);
  if (challenges.some((challenge) => challenge.scheme === 'basic') && credentials !== undefined) {
    return { kind: 'basic' };
  }
  throw refusedError(options.registry, { hadCredentials: credentials !== undefined, words: '' });
}

async function obtain(
  options: AuthorizationOptions,
  wanted: { challenge: AuthChallenge; scope: string },
): Promise<{ value: string; freshUntilMs: number }> {
  const credentials = await options.credentials(wanted.scope);
  if (credentials?.registryToken !== undefined) {
    return { value: credentials.registryToken, freshUntilMs: Number.POSITIVE_INFINITY };
  }
  return fetchToken({ ...options, ...wanted, credentials });
}
