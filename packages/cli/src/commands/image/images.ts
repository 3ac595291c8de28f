/** `berth images`: list images. */
import { listImages } from '@berth/engine/images/list';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text, toggle } from '../../flags/flag.ts';
import { filterFlag, headingFlag, longFormatFlag, parseFilters } from '../../flags/list-flags.ts';
import {
  IMAGE_TITLES,
  imageColumns,
  imageFields,
  imageJson,
  imageRows,
} from '../../output/image-rows.ts';
import { shortId } from '../../output/human.ts';
import { isJson, printJson, printListing } from '../../output/listing.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  all: toggle('no effect: there are no intermediate images', { short: 'a' }),
  digests: toggle('show the digests of the manifests'),
  filter: filterFlag,
  format: longFormatFlag,
  history: toggle('show the names that an image had before'),
  'no-trunc': toggle('show ids in full'),
  noheading: headingFlag,
  quiet: toggle('print ids only', { short: 'q' }),
  sort: text('KEY', 'created, id, repository, size or tag'),
} as const;

/** Prints a table, a line for each name of an image, newest image first. */
export class ImagesCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['images'],
    operands: '[NAME...]',
    summary: 'List images',
    examples: [
      ['All images', 'berth images'],
      ['Images that have no name any more', 'berth images --filter dangling=true'],
      ['For a script', "berth images --format '{{.Repository}}:{{.Tag}} {{.Size}}'"],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<void> {
    const images = await listImages(this.openEngine(), {
      all: flags.all,
      filters: parseFilters(flags.filter),
      names: operands,
      sort: flags.sort,
    });
    const full = flags['no-trunc'];
    if (flags.quiet && flags.format === undefined) {
      print(images.map(({ id }) => `${full ? `sha256:${id}` : shortId(id)}\n`).join(''));
      return;
    }
    if (isJson(flags.format)) {
      printJson(images.map(imageJson));
      return;
    }
    await printListing({
      entries: imageRows(images, flags.sort),
      columns: imageColumns({ full, digests: flags.digests, history: flags.history }),
      fields: (row) => imageFields(row, full),
      json: imageJson,
      titles: IMAGE_TITLES,
      format: flags.format,
      heading: !flags.noheading,
    });
  }
}
