/** `berth stop`: end containers by their stop signal, and kill those that do not end. */
import { stopContainer } from '@berth/engine/containers/stop';
import { BerthCommand, type Invocation } from '../../command.ts';
import { whole } from '../../flags/flag.ts';
import { filterFlag } from '../../flags/list-flags.ts';
import {
  forEachContainer,
  ignoreFlag,
  LIVE,
  SELECTION_FLAGS,
} from '../../flags/selection-flags.ts';

const FLAGS = {
  ...SELECTION_FLAGS,
  filter: filterFlag,
  ignore: ignoreFlag,
  time: whole('SECONDS', 'how long to wait before killing; -1: for ever', {
    short: 't',
    aliases: ['timeout'],
  }),
} as const;

/** The containers do not run any more. */
export class StopCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['stop'],
    operands: 'CONTAINER...',
    summary: 'Stop containers',
    details: `Each container gets its stop signal (TERM unless the image or --stop-signal says
otherwise). If it has not ended after its stop timeout, it is killed.`,
    examples: [
      ['Stop a container', 'berth stop web'],
      ['Stop all running containers, kill them after 2 seconds', 'berth stop --all --time 2'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    return forEachContainer(engine, { flags, operands, states: LIVE }, async (name) =>
      stopContainer(engine, name, { timeoutSeconds: flags.time }),
    );
  }
}
