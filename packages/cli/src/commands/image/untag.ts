/** `berth untag`: take names from an image. */
import { untagImage } from '@berth/engine/images/tag';
import { BerthCommand, type Invocation } from '../../command.ts';

const FLAGS = {} as const;

/** The image has lost the names, but stays. */
export class UntagCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['untag'],
    operands: 'IMAGE [NAME...]',
    least: 1,
    summary: 'Remove names from an image; all names if you give none',
    examples: [
      ['One name', 'berth untag app app:old'],
      ['All of its names', 'berth untag app'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ operands }: Invocation<typeof FLAGS>): Promise<void> {
    const [image = '', ...names] = operands;
    untagImage(this.openEngine(), image, names);
  }
}
