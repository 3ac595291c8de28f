/** `berth system reset`: remove everything. */
import { resetSystem } from '@berth/engine/system/prune';
import { BerthCommand, type Invocation } from '../../command.ts';
import { toggle } from '../../flags/flag.ts';
import { confirm } from '../../output/confirm.ts';

const FLAGS = { force: toggle('do not ask', { short: 'f' }) } as const;

const WARNING = `WARNING! This will remove:
        - all containers
        - all images
        - all volumes`;

/** The store is as it was before Berth was first used. */
export class SystemResetCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['system', 'reset'],
    operands: '',
    most: 0,
    summary: 'Remove all containers, images and volumes',
    examples: [
      ['Without asking', 'berth system reset --force'],
      ['After a question', 'berth system reset'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags }: Invocation<typeof FLAGS>): Promise<void> {
    if (flags.force || confirm(WARNING)) {
      await resetSystem(this.openEngine());
    }
  }
}
