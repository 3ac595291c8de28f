/** `berth unpause`: let paused containers go on. */
import { unpauseContainer } from '@berth/engine/containers/pause';
import { BerthCommand, type Invocation } from '../../command.ts';
import { forEachContainer, SELECTION_FLAGS } from '../../flags/selection-flags.ts';

/** The containers are not paused any more. */
export class UnpauseCommand extends BerthCommand<typeof SELECTION_FLAGS> {
  readonly spec = {
    path: ['unpause'],
    operands: 'CONTAINER...',
    summary: 'Let the processes of paused containers go on',
    examples: [
      ['Let a container go on', 'berth unpause db'],
      ['Let all go on', 'berth unpause --all'],
    ],
    flags: SELECTION_FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof SELECTION_FLAGS>): Promise<number> {
    const engine = this.openEngine();
    return forEachContainer(engine, { flags, operands, states: ['paused'] }, (name) =>
      unpauseContainer(engine, name),
    );
  }
}
