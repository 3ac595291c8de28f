/** `berth volume prune`: remove volumes that no container uses. */
import { pruneVolumes } from '@berth/engine/volumes/volumes';
import { BerthCommand, type Invocation } from '../../command.ts';
import { toggle } from '../../flags/flag.ts';
import { longFilterFlag, parseFilters } from '../../flags/list-flags.ts';
import { confirm } from '../../output/confirm.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  all: toggle('no effect: volumes with names are always removed too', { short: 'a' }),
  filter: longFilterFlag,
  force: toggle('do not ask', { short: 'f' }),
} as const;

/** The volumes are gone; their names are printed. */
export class VolumePruneCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['volume', 'prune'],
    operands: '',
    most: 0,
    summary: 'Remove volumes that no container uses',
    examples: [
      ['Without asking', 'berth volume prune --force'],
      ['Only volumes with a label', 'berth volume prune --filter label=app=shop'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags }: Invocation<typeof FLAGS>): Promise<void> {
    const warning = 'WARNING! This will remove all volumes not used by at least one container.';
    if (!flags.force && !confirm(warning)) {
      return;
    }
    const filters = parseFilters(flags.filter);
    const pruned = await pruneVolumes(this.openEngine(), { filters, all: true });
    print(pruned.map(({ name }) => `${name}\n`).join(''));
  }
}
