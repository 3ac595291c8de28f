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

/** From now on, code that runs often is compiled early. Node always does that. */
export function compileSoon(): void {
  (globalThis as { Bun?: BunGlobal }).Bun?.unsafe.setJITPolicy(USUAL_POLICY);
}

/**
 * As compileSoon(), once the program has run for a while. The timer does not keep the program
 * alive.
 */
export function compileWhenLasting(): void {
  setTimeout(compileSoon, LASTING_MS).unref();
}
