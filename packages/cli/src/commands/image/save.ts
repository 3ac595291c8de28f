/** `berth save`: write images to archives and folders. */
import { SAVE_FORMATS, saveImages, type SaveFormat } from '@berth/engine/images/save';
import { UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { ignored, text, toggle } from '../../flags/flag.ts';
import { archiveOutput } from '../../output/archive-output.ts';

const FLAGS = {
  compress: toggle('compress the layers of a docker-dir'),
  format: text('FORMAT', 'docker-archive (the default), oci-archive, oci-dir or docker-dir'),
  'multi-image-archive': toggle('each NAME is an image, never an extra name', { short: 'm' }),
  output: text('PATH', 'write to PATH instead of standard output', { short: 'o' }),
  quiet: toggle('show no progress', { short: 'q' }),
  'signature-policy': ignored('each'),
  uncompressed: toggle('leave the layers of OCI formats uncompressed'),
} as const;

type Flags = Invocation<typeof FLAGS>['flags'];

/** The images are written; nothing is printed. */
export class SaveCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['save'],
    operands: 'IMAGE...',
    least: 1,
    summary: 'Save images to an archive or a folder',
    details: `Docker, Podman and Berth can "load" the archive; the image id is the same everywhere.
A NAME that is no image in the store becomes another name of the image before it.`,
    examples: [
      ['To a file', 'berth save -o app.tar app:1.4'],
      ['To another machine', 'berth save app:1.4 | ssh server berth load'],
      ['Several images in one archive', 'berth save -m -o all.tar app:1.4 debian:12'],
      ['As an OCI layout', 'berth save --format oci-dir -o layout app:1.4'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<void> {
    const format = saveFormat(flags);
    if (format.endsWith('-dir') && (flags.output ?? '-') === '-') {
      throw new UsageError('NO_OUTPUT', `save as ${format}: it needs a folder`, {
        hint: `berth save --format ${format} -o FOLDER ${operands[0]}`,
      });
    }
    const output = archiveOutput(flags.output, {
      doing: 'save', instead: `berth save -o FILE ${operands[0]}`,
    });
    const engine = this.openEngine({ quiet: flags.quiet || output === undefined });
    await saveImages(engine, { names: operands, format, output, compress: compression(flags) });
  }
}

function saveFormat({ format = 'docker-archive' }: Flags): SaveFormat {
  const known = SAVE_FORMATS.find((name) => name === format);
  if (known !== undefined) return known;
  throw new UsageError('BAD_FORMAT', `save as "${format}": no such format`, {
    hint: `formats are ${SAVE_FORMATS.join(', ')}`,
  });
}

function compression({ compress, uncompressed, format }: Flags): boolean | undefined {
  if (compress && format !== 'docker-dir') {
    throw new UsageError('COMPRESS_FORMAT', 'read --compress: it goes with --format docker-dir');
  }
  if (uncompressed && format?.startsWith('oci') !== true) {
    throw new UsageError('UNCOMPRESSED_FORMAT',
      'read --uncompressed: it goes with --format oci-archive or oci-dir');
  }
  return uncompressed ? false : compress ? true : undefined;
}
