/** `berth rename`: give a container another name. */
import { renameContainer } from '@berth/engine/containers/rename';
import { BerthCommand, type Invocation } from '../../command.ts';

const FLAGS = {} as const;

/** The container has the new name only. */
export class RenameCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['rename'],
    operands: 'CONTAINER NAME',
    least: 2,
    most: 2,
    summary: 'Rename a container',
    examples: [
      ['Keep the old container while you try a new one', 'berth rename web web-old'],
      ['Rename a container by its id', 'berth rename 5c1f0f6dd1a4 web'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({
    operands: [name = '', newName = ''],
  }: Invocation<typeof FLAGS>): Promise<void> {
    renameContainer(this.openEngine(), name, newName);
  }
}
