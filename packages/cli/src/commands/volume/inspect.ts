/** `berth volume inspect`: all details of volumes, as json. */
import { inspectVolume, listVolumes } from '@berth/engine/volumes/volumes';
import { UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { forEach } from '../../each.ts';
import { toggle } from '../../flags/flag.ts';
import { formatFlag } from '../../flags/list-flags.ts';
import { printObjects } from '../../output/listing.ts';

const FLAGS = { all: toggle('all volumes', { short: 'a' }), format: formatFlag } as const;

/** Prints one object for each volume. */
export class VolumeInspectCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['volume', 'inspect'],
    operands: 'VOLUME...',
    summary: 'Show all details of volumes',
    examples: [
      ['Show where a volume is', "berth volume inspect --format '{{.Mountpoint}}' pgdata"],
      ['All volumes', 'berth volume inspect --all'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    if (!flags.all && operands.length === 0) {
      throw new UsageError('NO_VOLUME', 'inspect volumes: no name and no --all');
    }
    const names = flags.all ? listVolumes(engine, []).map(({ name }) => name) : operands;
    const found: object[] = [];
    const status = await forEach(names, (name) => {
      found.push(inspectVolume(engine, name));
    });
    if (found.length > 0 || flags.format === undefined) {
      await printObjects(found, flags.format);
    }
    return status;
  }
}
