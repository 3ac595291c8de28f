/**
 * `berth unshare`: run a command of the host in the user namespace of the containers, where their
 * files show the owners that containers see.
 */
import { unshare } from '@berth/engine/system/unshare';
import { BerthCommand, type Invocation } from '../../command.ts';
import { foreign } from '../../flags/flag.ts';

const FLAGS = {
  'rootless-netns': foreign('toggle', 'containers have network namespaces of their own'),
} as const;

/** Becomes the command: the exit status is its own. */
export class UnshareCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['unshare'],
    operands: '[COMMAND [ARG...]]',
    stopsAtOperand: true,
    summary: "Run a command as root of the containers' user namespace",
    examples: [
      ['Who owns what in a volume', 'berth unshare ls -ln ~/.local/share/berth/v1/volumes'],
      ['Give a folder to user 1000 of containers', 'berth unshare chown 1000:1000 data'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ operands }: Invocation<typeof FLAGS>): Promise<number> {
    return unshare(this.openEngine(), operands);
  }
}
