/**
 * Makes text from outside safe to show: credentials in URLs and headers are hidden, control
 * characters, which could drive the user's terminal, are made visible, and what is longer than any
 * path is quoted in part.
 */

const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;
const SECRET_PARAMETER = /([?&](?:token|password|secret|signature|sig|x-amz-[a-z-]+)=)[^&\s"]+/gi;
const QUOTED = /"([^"]*)"/g;
/** PATH_MAX: names in archives may be longer. */
const LONGEST_QUOTED = 4096;
const SHOWN_OF_LONGER = 200;
const AUTHORIZATION = /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * The text in one line, without credentials and without control characters (tabs stay): a newline
 * in a name could begin a line that looks like a hint of ours. A quoted object that is longer than
 * any path keeps its beginning and its end, with "…" between.
 */
export function redact(text: string): string {
  return showControls(text
    .replace(URL_CREDENTIALS, '$1***@')
    .replace(SECRET_PARAMETER, '$1***')
    .replace(AUTHORIZATION, '$1 ***')
    .replace(QUOTED, (whole, object: string) =>
      object.length > LONGEST_QUOTED ? `"${shortened(object)}"` : whole)
    .replaceAll('\n', '\\x0a'));
}

function shortened(object: string): string {
  return `${object.slice(0, SHOWN_OF_LONGER)}…${object.slice(-SHOWN_OF_LONGER)}`;
}

/**
 * The text with its control characters written out, as `\x1b`, or as `\u001b` for JSON; tab and
 * newline stay.
 */
export function showControls(text: string, escape: 'x' | 'u' = 'x'): string {
  const digits = escape === 'u' ? 4 : 2;
  return text.replace(CONTROL, (character) =>
    `\\${escape}${character.charCodeAt(0).toString(16).padStart(digits, '0')}`);
}
