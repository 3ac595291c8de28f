/** `berth volume create`: make a volume. */
import { createVolume } from '@berth/engine/volumes/volumes';
import { UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { each, text, toggle, whole } from '../../flags/flag.ts';
import { print } from '../../output/streams.ts';
import { parseLabels } from '../../request/environment.ts';

const FLAGS = {
  driver: text('NAME', 'only "local"', { short: 'd' }),
  gid: whole('GID', 'the group that owns the volume, as containers see it'),
  ignore: toggle('an existing volume of this name is no error'),
  label: each('NAME=VALUE', 'set metadata', { short: 'l' }),
  opt: each('NAME=VALUE', 'type=tmpfs, or type=none and device=FOLDER; o=OPTION,…', {
    short: 'o',
  }),
  uid: whole('UID', 'the user who owns the volume, as containers see it'),
} as const;

/** The volume exists; its name is printed. */
export class VolumeCreateCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['volume', 'create'],
    operands: '[NAME]',
    most: 1,
    summary: 'Make a volume',
    details: 'One in memory is made with each run, empty, and one container at a time has it.',
    examples: [
      ['A volume for a database', 'berth volume create pgdata'],
      ['With a label to find it by', 'berth volume create --label app=shop uploads'],
      ['For a container user who is not root', 'berth volume create --uid 1000 --gid 1000 uploads'],
      ['In memory', 'berth volume create -o type=tmpfs -o device=tmpfs -o o=size=100m scratch'],
      [
        'A folder of this machine',
        'berth volume create -o type=none -o o=bind -o device=/srv/site site',
      ],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands: [name] }: Invocation<typeof FLAGS>): Promise<void> {
    const created = createVolume(this.openEngine(), {
      name,
      driver: flags.driver,
      labels: parseLabels(flags.label, [], 'label'),
      options: parseLabels(flags.opt, [], 'opt'),
      owner: { uid: idOf('uid', flags.uid), gid: idOf('gid', flags.gid) },
      ignoreExisting: flags.ignore,
    });
    print(`${created}\n`);
  }
}

function idOf(flag: string, id: number | undefined): number | undefined {
  if (id === undefined || id >= 0) return id;
  throw new UsageError('BAD_FLAG_VALUE', `read --${flag} "${id}": below 0`);
}
