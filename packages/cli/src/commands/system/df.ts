/** `berth system df`: show how much of the disk images, containers and volumes take. */
import { diskUse } from '@berth/engine/system/df';
import type { ContainerUse, ImageUse, UseSummary, VolumeUse } from '@berth/engine/system/df';
import { UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text, toggle } from '../../flags/flag.ts';
import { compactSize, humanAgo, shortId } from '../../output/human.ts';
import { printListing, type Column } from '../../output/listing.ts';
import { print } from '../../output/streams.ts';
import { formatTable } from '../../output/table.ts';

const FLAGS = {
  format: text('FORMAT', 'json, table …, or a Go template such as "{{.Type}} {{.Size}}"'),
  verbose: toggle('show every image, container and volume', { short: 'v' }),
} as const;

/** Prints a line for each kind of thing, or with -v for each thing. */
export class SystemDfCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['system', 'df'],
    operands: '',
    most: 0,
    summary: 'Show how much of the disk is used',
    examples: [
      ['A summary', 'berth system df'],
      ['What each image shares with others', 'berth system df --verbose'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags }: Invocation<typeof FLAGS>): Promise<void> {
    const use = await diskUse(this.openEngine());
    if (flags.verbose) {
      if (flags.format !== undefined) {
        throw new UsageError('FORMAT_WITH_VERBOSE', 'read --format: it excludes --verbose');
      }
      print(`Images space usage:\n\n${table(IMAGE_COLUMNS, use.images)}\n`);
      print(`Containers space usage:\n\n${table(CONTAINER_COLUMNS, use.containers)}\n`);
      print(`Local Volumes space usage:\n\n${table(VOLUME_COLUMNS, use.volumes)}`);
      return;
    }
    await printListing<UseSummary>({
      entries: use.summary,
      columns: [
        { title: 'TYPE', show: ({ type }) => type },
        { title: 'TOTAL', show: ({ total }) => String(total) },
        { title: 'ACTIVE', show: ({ active }) => String(active) },
        { title: 'SIZE', show: ({ sizeBytes }) => compactSize(sizeBytes) },
        { title: 'RECLAIMABLE', show: reclaimable },
      ],
      fields: summaryFields,
      json: summaryJson,
      format: flags.format,
      heading: true,
    });
  }
}

const IMAGE_COLUMNS: readonly Column<ImageUse>[] = [
  { title: 'REPOSITORY', show: ({ repository }) => repository },
  { title: 'TAG', show: ({ tag }) => tag },
  { title: 'IMAGE ID', show: ({ id }) => shortId(id) },
  { title: 'CREATED', show: ({ createdAt }) => humanAgo(createdAt) },
  { title: 'SIZE', show: ({ sizeBytes }) => compactSize(sizeBytes) },
  { title: 'SHARED SIZE', show: ({ sharedBytes }) => compactSize(sharedBytes) },
  { title: 'UNIQUE SIZE', show: ({ uniqueBytes }) => compactSize(uniqueBytes) },
  { title: 'CONTAINERS', show: ({ containers }) => String(containers) },
];

const CONTAINER_COLUMNS: readonly Column<ContainerUse>[] = [
  { title: 'CONTAINER ID', show: ({ id }) => shortId(id) },
  { title: 'IMAGE', show: ({ image }) => image },
  { title: 'COMMAND', show: ({ command }) => command },
  { title: 'LOCAL VOLUMES', show: ({ localVolumes }) => String(localVolumes) },
  { title: 'SIZE', show: ({ sizeBytes }) => compactSize(sizeBytes) },
  { title: 'CREATED', show: ({ createdAt }) => humanAgo(createdAt) },
  { title: 'STATUS', show: ({ status }) => status },
  { title: 'NAMES', show: ({ name }) => name },
];

const VOLUME_COLUMNS: readonly Column<VolumeUse>[] = [
  { title: 'VOLUME NAME', show: ({ name }) => name },
  { title: 'LINKS', show: ({ links }) => String(links) },
  { title: 'SIZE', show: ({ sizeBytes }) => compactSize(sizeBytes) },
];

function table<T>(columns: readonly Column<T>[], entries: readonly T[]): string {
  const rows = entries.map((entry) => columns.map(({ show }) => show(entry)));
  return formatTable([columns.map(({ title }) => title), ...rows]);
}

function reclaimable({ sizeBytes, reclaimableBytes }: UseSummary): string {
  const percent = sizeBytes === 0 ? 0 : Math.round((100 * reclaimableBytes) / sizeBytes);
  return `${compactSize(reclaimableBytes)} (${percent}%)`;
}

function summaryFields(summary: UseSummary): object {
  return {
    Type: summary.type,
    Total: summary.total,
    Active: summary.active,
    Size: compactSize(summary.sizeBytes),
    Reclaimable: reclaimable(summary),
    RawSize: summary.sizeBytes,
    RawReclaimable: summary.reclaimableBytes,
  };
}

/** Podman's keys. */
function summaryJson(summary: UseSummary): object {
  return {
    Type: summary.type,
    Total: summary.total,
    TotalCount: summary.total,
    Active: summary.active,
    RawSize: summary.sizeBytes,
    Size: compactSize(summary.sizeBytes),
    RawReclaimable: summary.reclaimableBytes,
    Reclaimable: reclaimable(summary),
  };
}
