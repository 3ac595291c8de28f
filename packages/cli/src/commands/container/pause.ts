/** `berth pause`: pause all processes of containers. */
import { pauseContainer } from '@berth/engine/containers/pause';
import { BerthCommand, type Invocation } from '../../command.ts';
import { filterFlag } from '../../flags/list-flags.ts';
import { forEachContainer, SELECTION_FLAGS } from '../../flags/selection-flags.ts';

const FLAGS = { ...SELECTION_FLAGS, filter: filterFlag } as const;

/** The containers stand still. */
export class PauseCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['pause'],
    operands: 'CONTAINER...',
    summary: 'Pause all processes of containers',
    details: `The processes keep their memory and take no processor time until "berth unpause".`,
    examples: [
      ['Pause a container while its folder is copied', 'berth pause db'],
      ['Pause all running containers', 'berth pause --all'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    return forEachContainer(engine, { flags, operands, states: ['running'] }, async (name) =>
      pauseContainer(engine, name),
    );
  }
}
