/** `berth volume import`: an archive's files into a volume. */
import { importVolume } from '@berth/engine/volumes/volume-archive';
import { BerthCommand, type Invocation } from '../../command.ts';

const FLAGS = {} as const;

/** The files are in the volume; nothing is printed. */
export class VolumeImportCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['volume', 'import'],
    operands: 'VOLUME PATH|-',
    least: 2,
    most: 2,
    summary: 'Unpack a tar archive into a volume',
    details: `The volume must exist. Its files stay, but for those that the archive has too. The
archive may be compressed; - is standard input.`,
    examples: [
      ['From a file', 'berth volume import pgdata pgdata.tar.zst'],
      ['A copy of a volume', 'berth volume export old | berth volume import new -'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ operands }: Invocation<typeof FLAGS>): Promise<void> {
    const [name = '', source = ''] = operands;
    await importVolume(this.openEngine(), name, source);
  }
}
