/** `berth logout`: forget credentials. */
import { logout } from '@berth/engine/registry/login';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text, toggle } from '../../flags/flag.ts';
import { REGISTRY_FLAGS } from '../../flags/pull-flags.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  all: toggle('log out of all registries', { short: 'a' }),
  authfile: REGISTRY_FLAGS.authfile,
  'compat-auth-file': text('PATH', 'remove the login from this file of Docker'),
} as const;

const DEFAULT_REGISTRY = 'docker.io';

/** Nothing is kept for the registry any more. */
export class LogoutCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['logout'],
    operands: '[REGISTRY]',
    most: 1,
    summary: 'Log out of a registry',
    examples: [
      ['Log out of all registries', 'berth logout --all'],
      ['Log out of one registry', 'berth logout registry.example.org'],
    ],
    flags: FLAGS,
    root: 'own',
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<void> {
    const registry = flags.all ? undefined : (operands[0] ?? DEFAULT_REGISTRY);
    const authFile = flags['compat-auth-file'] ?? flags.authfile;
    await logout(this.openEngine(), { registry, authFile });
    const which = registry === undefined ? 'for all registries' : `for ${registry}`;
    print(`Removed login credentials ${which}\n`);
  }
}
