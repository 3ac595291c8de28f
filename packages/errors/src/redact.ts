/**
 * Makes text from outside safe to show: credentials in URLs and headers are hidden, and control
 * characters, which could drive the user's terminal, are made visible.
 */

const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;
const SECRET_PARAMETER = /([?&](?:token|password|secret|signature|sig|x-amz-[a-z-]+)=)[^&\s"]+/gi;
const AUTHORIZATION = /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text without credentials and without control characters (tab and newline stay). */
export function redact(text: string): string {
  return showControls(text
    .replace(URL_CREDENTIALS, '$1***@')
    .replace(SECRET_PARAMETER, '$1***')
    .replace(AUTHORIZATION, '$1 ***'));
}

/** The text with its control characters written out, as `\x1b`; tab and newline stay. */
export function showControls(text: string): string {
  return text.replace(CONTROL, (character) =>
    `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
