/** `berth import`: make an image from the archive of a root file system. */
import { importImage } from '@berth/engine/images/import';
import { BerthCommand, type Invocation } from '../../command.ts';
import { each, ignored, text, toggle } from '../../flags/flag.ts';
import { PULL_FLAGS, platformOf } from '../../flags/pull-flags.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  arch: PULL_FLAGS.arch,
  change: each('INSTRUCTION', 'CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR …', {
    short: 'c',
  }),
  message: text('TEXT', 'the comment in its history', { short: 'm' }),
  os: PULL_FLAGS.os,
  platform: PULL_FLAGS.platform,
  quiet: toggle('show no progress', { short: 'q' }),
  'signature-policy': ignored('each'),
  variant: PULL_FLAGS.variant,
} as const;

/** The image is in the store; its id is printed. */
export class ImportCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['import'],
    operands: 'PATH|URL|- [NAME]',
    least: 1,
    most: 2,
    summary: 'Make an image from a tar archive of a root file system',
    examples: [
      ['From mmdebstrap', 'mmdebstrap bookworm | berth import - debian:mine'],
      ['With a command', 'berth import -c "CMD /bin/bash" rootfs.tar.zst tools'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<void> {
    const [source = '', reference] = operands;
    const id = await importImage(this.openEngine(flags), {
      source,
      reference,
      changes: flags.change,
      message: flags.message,
      platform: platformOf(flags),
    });
    print(`sha256:${id}\n`);
  }
}
