/**
 * Waits for things that a removal has taken away for a check. A command that removes something
 * takes it away first and checks afterwards whether anything needs it (see collect.ts), so a
 * needed thing can be missing for some milliseconds.
 */
const PATIENCE_MS = 240;
const PAUSE_MS = 40;

/**
 * True when `isThere` holds, now or after a removal has put the object back. If that removal was
 * killed, `putBackLeft` puts it back.
 */
export function isThereSoon(isThere: () => boolean, putBackLeft: () => void): boolean {
  if (isThere()) return true;
  for (const pause of briefPauses(PATIENCE_MS)) {
    putBackLeft();
    if (isThere()) return true;
    pause();
  }
  return isThere();
}

/** Pauses between looks at something that takes milliseconds; there is at least one look. */
export function* briefPauses(timeoutMs: number): Generator<() => void> {
  for (let leftMs = timeoutMs; leftMs > 0; leftMs -= PAUSE_MS) {
    yield () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}
