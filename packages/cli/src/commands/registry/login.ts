/** `berth login`: keep credentials for a registry. */
import type { Engine } from '@berth/engine';
import { getLogin, isLoggedIn, login } from '@berth/engine/registry/login';
import { UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text, toggle } from '../../flags/flag.ts';
import { REGISTRY_FLAGS } from '../../flags/pull-flags.ts';
import { askLine, askSecret, readSecret } from '../../output/ask.ts';
import { print } from '../../output/streams.ts';

const FLAGS = {
  authfile: REGISTRY_FLAGS.authfile,
  'cert-dir': REGISTRY_FLAGS['cert-dir'],
  'compat-auth-file': text('PATH', 'keep the login in this file of Docker instead'),
  'get-login': toggle('print the user name that is stored'),
  password: text('PASSWORD', 'the password; others can see it in the list of processes', {
    short: 'p',
  }),
  'password-stdin': toggle('read the password from standard input'),
  'tls-verify': REGISTRY_FLAGS['tls-verify'],
  username: text('NAME', 'the user name', { short: 'u' }),
  verbose: toggle('print where the login is stored', { short: 'v' }),
} as const;

type Flags = Invocation<typeof FLAGS>['flags'];
const DEFAULT_REGISTRY = 'docker.io';

/** The registry has accepted the credentials, and they are kept. */
export class LoginCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['login'],
    operands: '[REGISTRY]',
    most: 1,
    summary: 'Log in to a registry',
    examples: [
      ['Asking for name and password', 'berth login registry.example.org'],
      [
        'In a script',
        'pass show registry | berth login -u bot --password-stdin registry.example.org',
      ],
    ],
    flags: FLAGS,
    root: 'own',
  } as const;

  protected async run({ flags, operands, given }: Invocation<typeof FLAGS>): Promise<void> {
    const engine = this.openEngine();
    const registry = operands[0] ?? DEFAULT_REGISTRY;
    const authFile = flags['compat-auth-file'] ?? flags.authfile;
    if (flags['get-login']) {
      print(`${await getLogin(engine, registry, authFile)}\n`);
      return;
    }
    const place = {
      registry,
      authFile,
      tlsVerify: given.has('tls-verify') ? flags['tls-verify'] : undefined,
      certDir: flags['cert-dir'],
    };
    if (givesNothing(flags) && (await keptIsEnough(engine, place))) return;
    const { keptIn } = await login(engine, { ...place, ...credentials(flags) });
    if (flags.verbose) print(`Used:  ${keptIn}\n`);
    print('Login Succeeded!\n');
  }
}

function givesNothing(flags: Flags): boolean {
  return flags.username === undefined && flags.password === undefined && !flags['password-stdin'];
}

type Place = Parameters<typeof isLoggedIn>[1];

/** Tries the login that is kept for the registry, and says what came of it. */
async function keptIsEnough(engine: Engine, place: Place): Promise<boolean> {
  const isAccepted = await isLoggedIn(engine, place);
  if (isAccepted === undefined) return false;
  print(`Authenticating with existing credentials for ${place.registry}\n`);
  print(isAccepted
    ? `Existing credentials are valid. Already logged in to ${place.registry}\n`
    : 'Existing credentials are invalid, please enter valid username and password\n');
  return isAccepted;
}

function credentials(flags: Flags): { username: string; password: string } {
  const fromInput = flags['password-stdin'];
  if (fromInput && flags.password !== undefined) {
    throw new UsageError('PASSWORD_TWICE', 'read --password: it excludes --password-stdin');
  }
  if (fromInput && flags.username === undefined) {
    throw new UsageError('NO_USERNAME', 'read --password-stdin: it needs --username');
  }
  const username = flags.username ?? askLine('Username: ');
  const password = flags.password ?? (fromInput ? readSecret() : askSecret('Password: '));
  if (username === '' || password === '') {
    throw new UsageError('NO_CREDENTIALS', 'log in: user name and password must not be empty');
  }
  return { username, password };
}
