/** `berth pull`: get images from registries. */
import { pullImage } from '@berth/engine/images/pull';
import { BerthCommand, type Invocation } from '../../command.ts';
import { forEach } from '../../each.ts';
import { text, toggle } from '../../flags/flag.ts';
import { PULL_FLAGS, pullOptions } from '../../flags/pull-flags.ts';

const FLAGS = {
  ...PULL_FLAGS,
  'all-tags': toggle('every tag of the repository', { short: 'a' }),
  policy: text('POLICY', 'always (the default), missing, never or newer'),
  'signature-policy': text('PATH', 'in place of policy.json', { hidden: true }),
} as const;

/** The images are in the store; their ids are printed. */
export class PullCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['pull'],
    operands: 'IMAGE...',
    least: 1,
    summary: 'Pull images from registries',
    examples: [
      ['The newest Debian', 'berth pull docker.io/library/debian'],
      ['A certain image of another architecture', 'berth pull --platform linux/arm64 debian:12'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands, given }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine(flags);
    const options = pullOptions(flags, given, flags.policy ?? 'always');
    return forEach(operands, async (name) => {
      const ids = await pullImage(engine, name, {
        ...options, allTags: flags['all-tags'], signaturePolicy: flags['signature-policy'],
      });
      return [...new Set(ids)].join('\n');
    });
  }
}
