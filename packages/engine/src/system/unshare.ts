/** `unshare`: a command of the host as root of the user's namespace. */
import { ROOT_CALLER } from '@berth/host';
import { enterArguments, handOver } from '@berth/isolation';
import type { Engine } from '../engine.ts';

/** Never returns: this process becomes the command, by default the user's shell. */
export async function unshare(engine: Engine, command: readonly string[]): Promise<never> {
  const words = command.length === 0 ? [process.env['SHELL'] ?? '/bin/sh'] : command;
  const settings = { ...engine.enter, mountNamespace: true, withoutNamespace: false };
  const args = enterArguments(settings, words);
  return handOver(args, [], engine.forRoot ? { [ROOT_CALLER]: '1' } : {});
}
