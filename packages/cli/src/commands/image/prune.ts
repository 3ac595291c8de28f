/** `berth image prune`: remove images that nothing names or uses. */
import { pruneImages } from '@berth/engine/images/remove';
import { BerthCommand, type Invocation } from '../../command.ts';
import { ignored, toggle } from '../../flags/flag.ts';
import { longFilterFlag, parseFilters } from '../../flags/list-flags.ts';
import { confirm } from '../../output/confirm.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  all: toggle('also images that have a name, if no container uses them', { short: 'a' }),
  'build-cache': ignored('toggle'),
  external: ignored('toggle'),
  filter: longFilterFlag,
  force: toggle('do not ask', { short: 'f' }),
} as const;

/** The images are gone; their ids are printed. */
export class ImagePruneCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['image', 'prune'],
    operands: '',
    most: 0,
    summary: 'Remove unused images',
    examples: [
      ['All images that no container uses', 'berth image prune --all'],
      ['Images older than a day, without asking', 'berth image prune --force --filter until=24h'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags }: Invocation<typeof FLAGS>): Promise<void> {
    const which = flags.all ? 'all images without a container' : 'all images without a name';
    if (!flags.force && !confirm(`WARNING! This will remove ${which}.`)) {
      return;
    }
    const { all } = flags;
    const pruned = await pruneImages(this.openEngine(), {
      all,
      filters: parseFilters(flags.filter),
    });
    print(pruned.map(({ id }) => `${id}\n`).join(''));
  }
}
