/** `berth ps`: list containers. */
import { listContainers, type ContainerEntry } from '@berth/engine/containers/list';
import { BerthCommand, type Invocation } from '../../command.ts';
import { ignored, refused, text, toggle, whole } from '../../flags/flag.ts';
import { filterFlag, headingFlag, longFormatFlag, parseFilters } from '../../flags/list-flags.ts';
import { latestFlag } from '../../flags/selection-flags.ts';
import {
  containerColumns,
  containerFields,
  containerJson,
  CONTAINER_TITLES,
  namespaceColumns,
} from '../../output/container-rows.ts';
import { shortId } from '../../output/human.ts';
import { printListing } from '../../output/listing.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  all: toggle('also containers that do not run', { short: 'a' }),
  external: ignored('toggle'),
  filter: filterFlag,
  format: longFormatFlag,
  last: whole('N', 'the N containers made last, whatever their state', { short: 'n' }),
  latest: latestFlag,
  namespace: toggle('with the namespaces of their first processes', { aliases: ['ns'] }),
  'no-trunc': toggle('show ids and commands in full'),
  noheading: { ...headingFlag, short: undefined },
  pod: toggle('with the pod that each is in', { short: 'p' }),
  quiet: toggle('print ids only', { short: 'q' }),
  size: toggle('with the size on disk', { short: 's' }),
  sort: text('KEY', 'command, created, id, image, names, runningfor, size or status'),
  sync: ignored('toggle'),
  watch: { ...refused('each', 'watch berth ps'), short: 'w' },
} as const;

/** Prints a table, oldest container first. */
export class PsCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['ps'],
    operands: '',
    most: 0,
    summary: 'List containers',
    examples: [
      ['All containers, also stopped ones', 'berth ps --all'],
      ['Names and states', "berth ps -a --format 'table {{.Names}}\\t{{.Status}}'"],
      ['What has failed', 'berth ps -a --filter exited=1'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags }: Invocation<typeof FLAGS>): Promise<void> {
    const entries = await listContainers(this.openEngine(), {
      all: flags.all,
      filters: parseFilters(flags.filter),
      // As in Podman, none is no number.
      last: flags.latest ? 1 : flags.last === 0 ? undefined : flags.last,
      size: flags.size,
      sort: flags.sort,
    });
    const full = flags['no-trunc'];
    if (flags.quiet && flags.format === undefined) {
      print(entries.map(({ id }: ContainerEntry) => `${full ? id : shortId(id)}\n`).join(''));
      return;
    }
    await printListing({
      entries,
      columns: flags.namespace
        ? namespaceColumns(full)
        : containerColumns({ full, size: flags.size, pod: flags.pod }),
      fields: (entry) => containerFields(entry, full),
      json: containerJson,
      titles: CONTAINER_TITLES,
      format: flags.format,
      heading: !flags.noheading,
    });
  }
}
