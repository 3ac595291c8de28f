/** `berth tag`: give an image more names. */
import { tagImage } from '@berth/engine/images/tag';
import { BerthCommand, type Invocation } from '../../command.ts';

const FLAGS = {} as const;

/** The image has the names too. */
export class TagCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['tag'],
    operands: 'IMAGE NAME...',
    least: 2,
    summary: 'Give an image more names',
    examples: [
      ['Keep an image that works', 'berth tag app:latest app:good'],
      ['Two names at once', 'berth tag app:latest app:1.4 registry.example.org/team/app:1.4'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ operands }: Invocation<typeof FLAGS>): Promise<void> {
    const [image = '', ...names] = operands;
    tagImage(this.openEngine(), image, names);
  }
}
