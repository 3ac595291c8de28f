/** `berth system prune`: remove what is not used. */
import { pruneSystem } from '@berth/engine/system/prune';
import { BerthCommand, type Invocation } from '../../command.ts';
import { ignored, toggle } from '../../flags/flag.ts';
import { longFilterFlag, parseFilters } from '../../flags/list-flags.ts';
import { confirm } from '../../output/confirm.ts';
import { compactSize } from '../../output/human.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  all: toggle('also images that have a name, if no container uses them', { short: 'a' }),
  build: ignored('toggle'),
  external: ignored('toggle'),
  filter: longFilterFlag,
  force: toggle('do not ask', { short: 'f' }),
  volumes: toggle('also volumes that no container uses'),
} as const;

type Flags = Invocation<typeof FLAGS>['flags'];

/** Prints what went. */
export class SystemPruneCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['system', 'prune'],
    operands: '',
    most: 0,
    summary: 'Remove containers that do not run, unused images and, if asked, volumes',
    examples: [
      ['As much as possible', 'berth system prune --all --volumes'],
      ['What has ended more than a week ago', 'berth system prune --filter until=7d'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags }: Invocation<typeof FLAGS>): Promise<void> {
    if (!flags.force && !confirm(warning(flags))) {
      return;
    }
    const { all, volumes } = flags;
    const filters = parseFilters(flags.filter);
    const report = await pruneSystem(this.openEngine(), { all, volumes, filters });
    const sections = [
      section('Deleted Containers', report.containers),
      section('Deleted Volumes', report.volumes),
      section('Deleted Images', report.images),
    ];
    print(`${sections.join('')}Total reclaimed space: ${compactSize(report.reclaimedBytes)}\n`);
  }
}

function warning({ all, volumes }: Flags): string {
  const lines = [
    'all stopped containers',
    ...(volumes ? ['all volumes not used by at least one container'] : []),
    all ? 'all images without at least one container' : 'all dangling images',
  ];
  return `WARNING! This command removes:\n${lines.map((line) => `\t- ${line}`).join('\n')}\n`;
}

function section(title: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${title}\n${names.join('\n')}\n`;
}
