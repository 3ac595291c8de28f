/** `berth push`: send an image to a registry, an archive or a folder. */
import { pushImage } from '@berth/engine/images/push';
import type { PushOptions } from '@berth/engine/images/push-options';
import { UnsupportedError, UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { ignored, refused, text, toggle, whole } from '../../flags/flag.ts';
import {
  PULL_FLAGS, registryAccess, REGISTRY_FLAGS, retryOptions,
} from '../../flags/pull-flags.ts';
import { print } from '../../output/streams.ts';

const NO_SIGNATURES = 'signatures are not supported';
const NO_ENCRYPTION = 'encrypted images are not supported';

const FLAGS = {
  ...REGISTRY_FLAGS,
  compress: ignored('toggle'),
  'compression-format': text('FORMAT', 'gzip (the default) or zstd'),
  'compression-level': whole('N', '1 (fastest) to 9 (smallest); for zstd up to 20'),
  digestfile: text('PATH', 'write the digest of the manifest to PATH'),
  'encrypt-layer': refused('each', NO_ENCRYPTION),
  'encryption-key': refused('each', NO_ENCRYPTION),
  'force-compression': toggle('compress all layers again, even if the registry has them'),
  format: text('FORMAT', 'oci or v2s2; by default as it was pulled', { short: 'f' }),
  quiet: toggle('print nothing', { short: 'q' }),
  'remove-signatures': ignored('toggle'),
  retry: PULL_FLAGS.retry,
  'retry-delay': PULL_FLAGS['retry-delay'],
  'sign-by': refused('each', NO_SIGNATURES),
  'sign-by-sigstore': refused('each', NO_SIGNATURES),
  'sign-by-sigstore-private-key': refused('each', NO_SIGNATURES),
  'sign-passphrase-file': refused('each', NO_SIGNATURES),
} as const;

type Flags = Invocation<typeof FLAGS>['flags'];

/** The image is at its destination; the digest that a registry has it by is printed. */
export class PushCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['push'],
    operands: 'IMAGE [DESTINATION]',
    least: 1,
    most: 2,
    summary: 'Push an image to a registry, an archive or a folder',
    details: `The destination is a name in a registry, or docker-archive:FILE[:NAME],
oci-archive:FILE[:NAME], oci:FOLDER[:NAME] or dir:FOLDER. A pulled image keeps
its digest if the registry has its layers; otherwise Berth compresses them again and the digest
changes.`,
    examples: [
      ['To the registry in its name', 'berth push registry.example.org/team/app:1.4'],
      ['Under another name', 'berth push app registry.example.org/team/app:1.4'],
      ['Into an OCI layout', 'berth push app oci:layout:1.4'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands, given }: Invocation<typeof FLAGS>): Promise<void> {
    const [name = '', destination] = operands;
    const engine = this.openEngine(flags);
    const digest = await pushImage(engine, { name, destination }, {
      registry: { ...registryAccess(flags, given), ...retryOptions(flags) },
      format: manifestFormat(flags),
      ...compression(flags),
      forceCompression: flags['force-compression'],
      digestFile: flags.digestfile,
    });
    if (digest !== undefined && !flags.quiet) print(`${digest}\n`);
  }
}

function manifestFormat({ format }: Flags): 'oci' | 'docker' | undefined {
  if (format === undefined || format === 'oci') return format;
  if (format === 'v2s2' || format === 'docker') return 'docker';
  throw new UsageError('BAD_FORMAT', `push as "${format}": no such format`, {
    hint: 'formats are oci and v2s2',
  });
}

const MOST_LEVEL = { gzip: 9, zstd: 20 };

function compression(flags: Flags): Pick<PushOptions, 'compression' | 'level'> {
  const format = flags['compression-format'];
  if (format !== undefined && format !== 'gzip' && format !== 'zstd') {
    throw new UnsupportedError('COMPRESSION_FORMAT', `compress layers as "${format}"`, {
      hint: 'formats are gzip and zstd',
    });
  }
  const level = flags['compression-level'];
  const most = MOST_LEVEL[format ?? 'gzip'];
  if (level !== undefined && (level < 1 || level > most)) {
    throw new UsageError('COMPRESSION_LEVEL',
      `compress layers at level ${level}: not one of 1 to ${most}`);
  }
  return { compression: format, level };
}
