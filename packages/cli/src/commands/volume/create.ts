/** `berth volume create`: make a volume. */
import { createVolume } from '@berth/engine/volumes/volumes';
import { BerthCommand, type Invocation } from '../../command.ts';
import { each, text, toggle } from '../../flags/flag.ts';
import { print } from '../../output/streams.ts';
import { parseLabels } from '../../request/environment.ts';

const FLAGS = {
  driver: text('NAME', 'only "local"', { short: 'd' }),
  ignore: toggle('no error when it exists already'),
  label: each('NAME=VALUE', 'set metadata', { short: 'l' }),
  opt: each('NAME=VALUE', 'an option of the driver', { short: 'o' }),
} as const;

/** The volume exists; its name is printed. */
export class VolumeCreateCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['volume', 'create'],
    operands: '[NAME]',
    most: 1,
    summary: 'Make a volume',
    examples: [
      ['A volume for a database', 'berth volume create pgdata'],
      ['With a label to find it by', 'berth volume create --label app=shop uploads'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands: [name] }: Invocation<typeof FLAGS>): Promise<void> {
    const created = createVolume(this.openEngine(), {
      name,
      driver: flags.driver,
      labels: parseLabels(flags.label, [], 'label'),
      options: parseLabels(flags.opt, [], 'opt'),
      ignoreExisting: flags.ignore,
    });
    print(`${created}\n`);
  }
}
