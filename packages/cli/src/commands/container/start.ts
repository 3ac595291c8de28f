/** `berth start`: start stopped containers. */
import { startAttached, startContainer } from '@berth/engine/containers/start';
import { UsageError } from '@berth/errors';
import { filterFlag } from '../../flags/list-flags.ts';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text, toggle } from '../../flags/flag.ts';
import {
  forEachContainer,
  latestFlag,
  SELECTION_FLAGS,
  selectContainers,
} from '../../flags/selection-flags.ts';
import { chooseDetachKeys } from '../../request/detach-keys.ts';

const FLAGS = {
  all: { ...SELECTION_FLAGS.all, short: undefined },
  attach: toggle('show its output until it ends', { short: 'a' }),
  'detach-keys': text('KEYS', 'keys that detach from a terminal (ctrl-p,ctrl-q)'),
  filter: filterFlag,
  interactive: toggle('attach its input too', { short: 'i' }),
  latest: latestFlag,
  'sig-proxy': toggle('pass signals on to the container', { initial: true }),
} as const;

/** The containers run. */
export class StartCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['start'],
    operands: 'CONTAINER...',
    summary: 'Start containers',
    examples: [
      ['Start two containers', 'berth start db web'],
      ['Start a container and use its terminal', 'berth start -ai shell'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands, given }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    if (!flags.attach && !flags.interactive) {
      return forEachContainer(engine, { flags, operands }, async (name) =>
        startContainer(engine, name),
      );
    }
    const [name, second] = await selectContainers(engine, { flags, operands });
    if (name === undefined || second !== undefined) {
      throw new UsageError('ATTACH_TO_ONE', 'attach while starting: one container must be named');
    }
    return startAttached(engine, name, {
      interactive: flags.interactive,
      detachKeys: chooseDetachKeys(flags['detach-keys']),
      sigProxy: given.has('sig-proxy') ? flags['sig-proxy'] : flags.attach,
    });
  }
}
