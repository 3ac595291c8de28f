/**
 * Bodies that were compressed on the way (Content-Encoding). Nobody asked for it, but some servers
 * and proxies do it with everything. Their length and digest are those of the decoded body.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

const DECODERS = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);
const PARTIAL = 206;

/**
 * Headers and body as if nothing had been encoded. A part of an encoded body can't be decoded: it
 * is left as it is, and its range does not fit.
 */
export function decoded(
  method: string,
  incoming: IncomingMessage,
): { headers: IncomingHttpHeaders; body: Readable } {
  const { 'content-encoding': encoding, ...others } = incoming.headers;
  const decoder = DECODERS.get(encoding?.trim().toLowerCase() ?? '');
  if (decoder === undefined || method === 'HEAD' || incoming.statusCode === PARTIAL) {
    return { headers: incoming.headers, body: incoming };
  }
  const { 'content-length': _length, ...headers } = others;
  // Who reads the body gets every error from it.
  return { headers, body: pipeline(incoming, decoder(), () => undefined) };
}
