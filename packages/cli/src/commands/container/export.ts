/** `berth export`: a container's files as an archive. */
import { exportContainer } from '@berth/engine/containers/export';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text } from '../../flags/flag.ts';
import { archiveOutput } from '../../output/archive-output.ts';

const FLAGS = {
  output: text('PATH', 'write to PATH instead of standard output', { short: 'o' }),
} as const;

/** The archive is written; nothing is printed. */
export class ExportCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['export'],
    operands: 'CONTAINER',
    least: 1,
    most: 1,
    summary: "Write a container's files as a tar archive",
    details: `Writes the container's root file system, without volumes and other mounts. The
container may be running or stopped.`,
    examples: [
      ['To a file', 'berth export -o files.tar web'],
      ['As an image of one layer', 'berth export web | berth import - web:flat'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<void> {
    const [name = ''] = operands;
    const output = archiveOutput(flags.output, {
      doing: 'export', instead: `berth export -o FILE ${name}`,
    });
    await exportContainer(this.openEngine(), name, output);
  }
}
