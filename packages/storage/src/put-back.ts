/**
 * Waiting for what a removal holds in its hands. Who removes takes first and looks after whether
 * somebody needs it (see collect.ts): for some milliseconds a thing that is needed is not there.
 */
const ATTEMPTS = 6;
const PAUSE_MS = 40;

/** True when `isThere` holds, now or once a removal has put the thing back. */
export function isThereSoon(isThere: () => boolean): boolean {
  for (let left = ATTEMPTS; !isThere(); left -= 1) {
    if (left === 0) return false;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
  return true;
}
