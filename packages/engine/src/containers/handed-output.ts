/**
 * Containers that write straight to the caller's streams: a foreground `--rm` container without -t
 * whose log is "none", and every container with the log driver "passthrough". The supervisor
 * copies none of their output.
 */
import { readFileSync } from 'node:fs';
import { UnsupportedError } from '@berth/errors';
import { planRecord } from '@berth/isolation';
import type { Engine } from '../engine.ts';

/** A container, and what was to be done with its output: `read the log of`, `attach to`. */
interface OutputWish {
  readonly id: string;
  readonly name: string;
  readonly verb: string;
}

/** Throws UnsupportedError, with a hint, where the output goes only to the caller of `run`. */
export function requireOwnOutput(engine: Engine, { id, name, verb }: OutputWish): void {
  if (!isHanded(engine.store.containers.paths(id).plan)) return;
  throw new UnsupportedError(
    'OUTPUT_HANDED',
    `${verb} container "${name}": its streams are those of the command that started it`,
    { hint: 'run it with --log-driver k8s-file, or with -d' },
  );
}

/** False when the plan is missing or damaged; then whatever log there is can be shown. */
function isHanded(plan: string): boolean {
  try {
    return planRecord(readFileSync(plan), 'stdio')?.[0] === 'handed';
  } catch {
    return false;
  }
}
