/**
 * Random numbers from Web Crypto, which both runtimes have at hand: loading node:crypto takes
 * longer than writing a container's record.
 */

/** So many random bytes, as lower-case hex digits. */
export function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex');
}

/**
 * A number from 0 to below `bound`. `bound` is far below 2^32, so all numbers are equally likely.
 */
export function randomBelow(bound: number): number {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return number % bound;
}
