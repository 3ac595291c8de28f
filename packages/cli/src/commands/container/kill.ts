/** `berth kill`: send a signal to containers. */
import { killContainer } from '@berth/engine/containers/stop';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text } from '../../flags/flag.ts';
import { forEachContainer, LIVE, SELECTION_FLAGS } from '../../flags/selection-flags.ts';

const FLAGS = {
  all: SELECTION_FLAGS.all,
  cidfile: SELECTION_FLAGS.cidfile,
  latest: SELECTION_FLAGS.latest,
  signal: text('SIGNAL', 'the signal, name or number (KILL)', { short: 's' }),
} as const;

/** The first process of each container has got the signal. */
export class KillCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['kill'],
    operands: 'CONTAINER...',
    summary: 'Send a signal to containers',
    examples: [
      ['End a container at once', 'berth kill web'],
      ['Make a server read its configuration again', 'berth kill --signal HUP web'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    return forEachContainer(engine, { flags, operands, states: LIVE }, (name) =>
      killContainer(engine, name, flags.signal ?? 'KILL'),
    );
  }
}
