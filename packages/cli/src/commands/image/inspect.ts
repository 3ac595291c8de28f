/** `berth image inspect`: all details of images, as json. */
import { inspectImage } from '@berth/engine/images/inspect';
import { BerthCommand, type Invocation } from '../../command.ts';
import { forEach } from '../../each.ts';
import { formatFlag } from '../../flags/list-flags.ts';
import { printObjects } from '../../output/listing.ts';

const FLAGS = { format: formatFlag } as const;

/** Prints one object for each image. */
export class ImageInspectCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['image', 'inspect'],
    operands: 'IMAGE...',
    least: 1,
    summary: 'Show all details of images',
    examples: [
      ['Its command', "berth image inspect --format '{{.Config.Cmd}}' debian"],
      ['Everything', 'berth image inspect debian'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    const found: object[] = [];
    const status = await forEach(operands, async (name) => {
      found.push(await inspectImage(engine, name));
    });
    if (found.length > 0 || flags.format === undefined) {
      await printObjects(found, flags.format);
    }
    return status;
  }
}
