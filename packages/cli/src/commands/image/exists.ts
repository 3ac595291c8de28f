/** `berth image exists`: tell by the exit status whether the store has an image. */
import { imageExists } from '@berth/engine/images/list';
import { BerthCommand, type Invocation } from '../../command.ts';

const FLAGS = {} as const;

/** Status 0 when it has it, 1 when it has not. */
export class ImageExistsCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['image', 'exists'],
    operands: 'IMAGE',
    least: 1,
    most: 1,
    summary: 'Tell whether an image is in the store',
    examples: [
      ['In a script', 'berth image exists debian || berth pull debian'],
      ['A certain tag', 'berth image exists docker.io/library/debian:12'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ operands: [name = ''] }: Invocation<typeof FLAGS>): Promise<number> {
    return imageExists(this.openEngine(), name) ? 0 : 1;
  }
}
