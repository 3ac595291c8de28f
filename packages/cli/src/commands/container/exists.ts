/** `berth container exists`: tell by the exit status whether a container exists. */
import { containerExists } from '@berth/engine/containers/resolve';
import { BerthCommand, type Invocation } from '../../command.ts';
import { ignored } from '../../flags/flag.ts';

const FLAGS = { external: ignored('toggle') } as const;

/** Status 0 when there is one, 1 when there is none. */
export class ContainerExistsCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['container', 'exists'],
    operands: 'CONTAINER',
    least: 1,
    most: 1,
    summary: 'Tell whether a container exists',
    examples: [
      ['In a script', 'berth container exists web || berth create --name web nginx'],
      ['By its id', 'berth container exists 5c1f0f6dd1a4'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ operands: [name = ''] }: Invocation<typeof FLAGS>): Promise<number> {
    return containerExists(this.openEngine(), name) ? 0 : 1;
  }
}
