/** A user's credentials as data, and how they are written on a command line and in a header. */
import { UsageError } from '@berth/errors';

/** A user with a password, or an identity token that stands for both. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** An OAuth2 refresh token; used instead of the password when it is there. */
  readonly identityToken?: string | undefined;
  /** A bearer token to send as it is (auth.json's `registrytoken`). */
  readonly registryToken?: string | undefined;
}

/** The credentials in `USER[:PASSWORD]`; a password may hold colons. Throws UsageError if empty. */
export function parseCreds(creds: string | Credentials): Credentials {
  if (typeof creds !== 'string') return creds;
  const colon = creds.indexOf(':');
  const username = colon === -1 ? creds : creds.slice(0, colon);
  if (username === '') {
    throw new UsageError('BAD_CREDS', 'read --creds: the user name is empty', {
      hint: 'write --creds USER:PASSWORD',
    });
  }
  return { username, password: colon === -1 ? '' : creds.slice(colon + 1) };
}

/** The value of a basic authorization header. */
export function basicHeader(credentials: Credentials): string {
  const pair = `${credentials.username}:${credentials.password}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}
