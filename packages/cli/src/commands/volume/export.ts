/** `berth volume export`: a volume's content as an archive. */
import { exportVolume } from '@berth/engine/volumes/volume-archive';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text } from '../../flags/flag.ts';
import { archiveOutput } from '../../output/archive-output.ts';

const FLAGS = {
  output: text('PATH', 'write to PATH instead of standard output', { short: 'o' }),
} as const;

/** The archive is written; nothing is printed. */
export class VolumeExportCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['volume', 'export'],
    operands: 'VOLUME',
    least: 1,
    most: 1,
    summary: "Write a volume's content as a tar archive",
    details: `Owners are those that containers see. Stop what writes to the volume first, so that
its files fit together.`,
    examples: [
      ['To a file', 'berth volume export -o pgdata.tar pgdata'],
      ['Compressed', 'berth volume export pgdata | zstd >pgdata.tar.zst'],
      ['To another machine', 'berth volume export data | ssh host berth volume import data -'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands: [name = ''] }: Invocation<typeof FLAGS>): Promise<void> {
    const output = archiveOutput(flags.output, {
      doing: 'export', instead: `berth volume export -o FILE ${name}`,
    });
    await exportVolume(this.openEngine(), name, output);
  }
}
