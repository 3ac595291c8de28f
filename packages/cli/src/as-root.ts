/** When the machine's root calls a command, its process first becomes another id. */
import { keepToRootsFolders, leaveRoot } from '@berth/engine/root-caller';
import type { CommandSpec } from './command-spec.ts';
import type { GlobalValues } from './flags/global-flags.ts';
import { preservedByRun } from './request/preserved.ts';

/**
 * Makes sure that the command runs under the right id: a command that opens the store runs as a
 * subordinate id of root. Throws UnsupportedError where root has no such ids.
 */
export function runAsRoot(spec: CommandSpec, values: object, globals: GlobalValues): void {
  keepToRootsFolders();
  if (spec.root === 'own') return;
  const mayStay = spec.root === 'looks';
  leaveRoot({ mayStay, preserveDescriptors: preserved(values), folders: globals });
}

/** Node marks inherited descriptors close-on-exec. So those to pass on have to be listed. */
function preserved(values: object): number[] {
  const flags: Record<string, unknown> = { ...values };
  const [count, list] = [flags['preserve-fds'], flags['preserve-fd']];
  return preservedByRun(
    typeof count === 'number' ? count : undefined,
    Array.isArray(list) ? list.map(String) : [],
  );
}
