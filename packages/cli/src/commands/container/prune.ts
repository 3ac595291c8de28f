/** `berth container prune`: remove all containers that do not run. */
import { pruneContainers } from '@berth/engine/containers/remove';
import { BerthCommand, type Invocation } from '../../command.ts';
import { toggle } from '../../flags/flag.ts';
import { longFilterFlag, parseFilters } from '../../flags/list-flags.ts';
import { confirm } from '../../output/confirm.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  filter: longFilterFlag,
  force: toggle('do not ask', { short: 'f' }),
} as const;

/** The containers at rest are gone; their ids are printed. */
export class ContainerPruneCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['container', 'prune'],
    operands: '',
    most: 0,
    summary: 'Remove all containers that do not run',
    examples: [
      ['Containers that were made more than a day ago', 'berth container prune --filter until=24h'],
      ['All of them, without asking', 'berth container prune --force'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags }: Invocation<typeof FLAGS>): Promise<void> {
    if (!flags.force && !confirm('WARNING! This will remove all non running containers.')) {
      return;
    }
    const pruned = await pruneContainers(this.openEngine(), parseFilters(flags.filter));
    print(pruned.map(({ id }) => `${id}\n`).join(''));
  }
}
