/** `berth unpause`: resume paused containers. */
import { unpauseContainer } from '@berth/engine/containers/pause';
import { BerthCommand, type Invocation } from '../../command.ts';
import { filterFlag } from '../../flags/list-flags.ts';
import { forEachContainer, SELECTION_FLAGS } from '../../flags/selection-flags.ts';

const FLAGS = { ...SELECTION_FLAGS, filter: filterFlag } as const;

/** The containers are not paused any more. */
export class UnpauseCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['unpause'],
    operands: 'CONTAINER...',
    summary: 'Resume the processes of paused containers',
    examples: [
      ['Resume a container', 'berth unpause db'],
      ['Resume all containers', 'berth unpause --all'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    return forEachContainer(engine, { flags, operands, states: ['paused'] }, (name) =>
      unpauseContainer(engine, name),
    );
  }
}
