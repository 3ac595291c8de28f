/** When the machine's root calls a command, its process first becomes another id. */
import { keepToRootsFolders, leaveRoot } from '@berth/engine/root-caller';
import type { CommandSpec } from './command-spec.ts';
import type { GlobalValues } from './flags/global-flags.ts';
import { parsePreserved } from './request/preserved.ts';

/**
 * The process is one in which the command may run: that of another id, where the command opens the
 * store. Throws UnsupportedError where root has none.
 */
export function runAsRoot(spec: CommandSpec, values: object, globals: GlobalValues): void {
  keepToRootsFolders();
  if (spec.root === 'own') return;
  const mayStay = spec.root === 'looks';
  leaveRoot({ mayStay, preserveDescriptors: preserved(values), folders: globals });
}

/** Node marks what it was started with close-on-exec: what shall be passed on is told by name. */
function preserved(values: object): number[] {
  const flags: Record<string, unknown> = { ...values };
  const [count, list] = [flags['preserve-fds'], flags['preserve-fd']];
  return parsePreserved(
    typeof count === 'number' ? count : undefined,
    Array.isArray(list) ? list.map(String) : [],
  );
}
