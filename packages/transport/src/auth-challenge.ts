/** Reads WWW-Authenticate (RFC 9110, section 11.6.1): several challenges, quoted parameters. */

/** One scheme that the server accepts, in lower case, with its parameters. */
export interface AuthChallenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The challenges in `header`; text that is not a challenge is skipped, never an error. */
export function parseChallenges(header: string | undefined): AuthChallenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  const text = (header ?? '').slice(0, MAXIMUM_LENGTH);
  for (const match of text.matchAll(TOKEN)) {
    const { name, quoted, plain, scheme } = match.groups ?? {};
    if (scheme !== undefined) {
      challenges.push({ scheme: scheme.toLowerCase(), parameters: {} });
      continue;
    }
    const current = challenges.at(-1);
    if (current === undefined || name === undefined) continue;
    const value = quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1');
    current.parameters[name.toLowerCase()] = value ?? '';
  }
  return challenges;
}

const MAXIMUM_LENGTH = 8192;

// Either name=value (the value a quoted string or a token) or a bare word: a scheme.
const WORD = /[\w!#$%&'*+.^`|~-]+/.source;
const VALUE = /(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s,"]+))/.source;
const TOKEN = new RegExp(`(?<name>${WORD})\\s*=\\s*${VALUE}|(?<scheme>${WORD})`, 'g');
