/**
 * How soon the runtime compiles code that runs often. dist/berth starts with very high thresholds,
 * so that a command of some hundredths of a second is only interpreted (tools/build/bun.ts):
 * compiling it would take longer than running it. Commands that run longer get the usual
 * thresholds back.
 */

const LASTING_MS = 100;
const USUAL_POLICY = 1;

interface BunGlobal {
  unsafe: { setJITPolicy(policy: number): void };
}

/** What runs often is compiled soon from now on. Node always does that. */
export function compileSoon(): void {
  (globalThis as { Bun?: BunGlobal }).Bun?.unsafe.setJITPolicy(USUAL_POLICY);
}

/** The same once the program has run for a while; the program's end does not wait for it. */
export function compileWhenLasting(): void {
  setTimeout(compileSoon, LASTING_MS).unref();
}
