/** `berth volume ls`: list volumes. */
import { listVolumes, type VolumeEntry } from '@berth/engine/volumes/volumes';
import { BerthCommand, type Invocation } from '../../command.ts';
import { toggle } from '../../flags/flag.ts';
import { filterFlag, headingFlag, longFormatFlag, parseFilters } from '../../flags/list-flags.ts';
import { printListing } from '../../output/listing.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  filter: filterFlag,
  format: longFormatFlag,
  noheading: headingFlag,
  quiet: toggle('print names only', { short: 'q' }),
} as const;

/** Prints a table, sorted by name. */
export class VolumeListCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['volume', 'ls'],
    operands: '',
    most: 0,
    summary: 'List volumes',
    examples: [
      ['Volumes that no container uses', 'berth volume ls --filter dangling=true'],
      ['Names only, for a script', 'berth volume ls --quiet --filter label=app=shop'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags }: Invocation<typeof FLAGS>): Promise<void> {
    const entries = listVolumes(this.openEngine(), parseFilters(flags.filter));
    if (flags.quiet) {
      print(entries.map(({ name }) => `${name}\n`).join(''));
      return;
    }
    await printListing<VolumeEntry>({
      entries,
      columns: [
        { title: 'DRIVER', show: ({ driver }) => driver },
        { title: 'VOLUME NAME', show: ({ name }) => name },
      ],
      fields: volumeFields,
      json: volumeJson,
      titles: { Name: 'VOLUME NAME' },
      format: flags.format,
      heading: !flags.noheading,
    });
  }
}

/** Podman's object for `--format json`. */
function volumeJson(entry: VolumeEntry): object {
  const { name, driver, mountpoint, createdAt, labels, scope, options, anonymous } = entry;
  return {
    Name: name,
    Driver: driver,
    Mountpoint: mountpoint,
    CreatedAt: createdAt,
    Labels: labels,
    Scope: scope,
    Options: options,
    MountCount: 0,
    Anonymous: anonymous,
  };
}

/** Podman's names; templates know more than json shows. */
function volumeFields(entry: VolumeEntry): object {
  return {
    ...volumeJson(entry),
    UID: () => entry.owner().uid ?? 0,
    GID: () => entry.owner().gid ?? 0,
    NeedsCopyUp: false,
    NeedsChown: false,
    Status: {},
  };
}
