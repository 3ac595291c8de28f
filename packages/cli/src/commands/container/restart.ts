/** `berth restart`: stop containers that run, then start them. */
import { restartContainer } from '@berth/engine/containers/stop';
import { BerthCommand, type Invocation } from '../../command.ts';
import { toggle, whole } from '../../flags/flag.ts';
import { filterFlag } from '../../flags/list-flags.ts';
import { forEachContainer, LIVE, SELECTION_FLAGS } from '../../flags/selection-flags.ts';

const FLAGS = {
  ...SELECTION_FLAGS,
  filter: filterFlag,
  running: toggle('restart only running containers'),
  time: whole('SECONDS', 'how long to wait before killing', { short: 't', aliases: ['timeout'] }),
} as const;

/** The containers run, whether they did before or not. */
export class RestartCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['restart'],
    operands: 'CONTAINER...',
    summary: 'Restart containers',
    examples: [
      ['Restart a container', 'berth restart web'],
      ['All running containers, killed after 2 seconds', 'berth restart --running --time 2'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    const chosen = { flags: { ...flags, all: flags.all || flags.running }, operands };
    const states = flags.running ? LIVE : undefined;
    return forEachContainer(engine, { ...chosen, states }, async (name) =>
      restartContainer(engine, name, { timeoutSeconds: flags.time }),
    );
  }
}
