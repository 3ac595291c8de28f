/** `berth rmi`: remove images. */
import { removeImages } from '@berth/engine/images/remove';
import { NotFoundError, UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { ignored, toggle } from '../../flags/flag.ts';
import { reportError } from '../../output/errors.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  all: toggle('all images', { short: 'a' }),
  force: toggle('also remove all their names, and containers made from them', { short: 'f' }),
  ignore: toggle('images that do not exist are no error', { short: 'i' }),
  'no-prune': ignored('toggle'),
} as const;

const NOT_FOUND_STATUS = 1;

/** The images are gone, or have one name less when that was not their only one. */
export class RemoveImageCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['rmi'],
    operands: 'IMAGE...',
    summary: 'Remove images',
    examples: [
      ['One image', 'berth rmi debian:11'],
      ['All, with the containers made from them', 'berth rmi --all --force'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    if (flags.all === operands.length > 0) {
      throw flags.all
        ? new UsageError('ALL_AND_NAMES', `read --all: it excludes names such as "${operands[0]}"`)
        : new UsageError('NO_IMAGE', 'remove images: no name, no id and no --all');
    }
    const { untagged, deleted, errors } = await removeImages(this.openEngine(), operands, {
      all: flags.all,
      force: flags.force,
      ignore: flags.ignore || flags.force,
    });
    print(untagged.map((name) => `Untagged: ${name}\n`).join(''));
    print(deleted.map((id) => `Deleted: ${id}\n`).join(''));
    const statuses = errors.map((error) => {
      const status = reportError(error);
      return error instanceof NotFoundError ? NOT_FOUND_STATUS : status;
    });
    return statuses[0] ?? 0;
  }
}
