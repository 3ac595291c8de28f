/** `berth exec`: run one more process in a running container. */
import { execInContainer } from '@berth/engine/containers/exec';
import { readIdFile } from '@berth/engine/containers/resolve';
import { UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { each, ignored, listed, text, toggle, whole } from '../../flags/flag.ts';
import { latestFlag, selectOne } from '../../flags/selection-flags.ts';
import { parseEnvironment } from '../../request/environment.ts';
import { chooseDetachKeys, parseDetachKeys } from '../../request/detach-keys.ts';
import { parsePreserved } from '../../request/preserved.ts';

const FLAGS = {
  cidfile: text('PATH', 'read the container id from PATH'),
  detach: toggle('run in the background', { short: 'd' }),
  'detach-keys': text('KEYS', 'keys that detach from a terminal (ctrl-p,ctrl-q)'),
  env: each('NAME[=VALUE]', 'set a variable', { short: 'e' }),
  'env-file': listed('PATH', 'read variables from PATH'),
  interactive: toggle('pass standard input on', { short: 'i' }),
  latest: latestFlag,
  'no-session': ignored('toggle'),
  'preserve-fd': listed('NUMBER', 'pass this descriptor on'),
  'preserve-fds': whole('N', 'pass descriptors 3 to N+2 on'),
  privileged: toggle('give it all capabilities of the user namespace'),
  tty: toggle('give it a terminal', { short: 't' }),
  user: text('USER[:GROUP]', 'run as this user', { short: 'u' }),
  workdir: text('PATH', 'working directory', { short: 'w' }),
} as const;

/** Flags that mean the same whoever types them, wherever and whenever. */
const PLAIN_FLAGS = new Set([
  'detach-keys', 'interactive', 'no-session', 'privileged', 'tty', 'user', 'workdir',
]);

/** Becomes the native client: the exit status is that of the command. */
export class ExecCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['exec'],
    operands: 'CONTAINER COMMAND [ARG...]',
    stopsAtOperand: true,
    summary: 'Run a command in a running container',
    details: `The exit status is that of the command; 125 if Berth failed, 126 if the command can't
be executed, 127 if the command is not found.`,
    examples: [
      ['A shell in a running container', 'berth exec -it web sh'],
      ['A command as another user', 'berth exec -u postgres db psql -c "select 1"'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands, given }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    const words = flags.cidfile === undefined ? operands : [readIdFile(flags.cidfile), ...operands];
    const [container, ...command] = await selectOne(engine, { flags, operands: words });
    if (command.length === 0) {
      throw new UsageError(
        'NO_COMMAND',
        `exec in container "${container}": the command is missing`,
      );
    }
    const typedKeys = flags['detach-keys'];
    const detachKeys = flags.interactive && flags.tty
      ? chooseDetachKeys(typedKeys) : parseDetachKeys(typedKeys);
    return execInContainer(engine, {
      container,
      command,
      interactive: flags.interactive,
      tty: flags.tty,
      detach: flags.detach,
      environment: parseEnvironment(
        { env: flags.env, files: flags['env-file'], passAll: false, passProxy: false },
        process.env,
      ),
      user: flags.user,
      workingDirectory: flags.workdir,
      privileged: flags.privileged,
      preserve: parsePreserved(flags['preserve-fds'], flags['preserve-fd']),
      detachKeys,
      flagWords: detachKeys === typedKeys ? this.plainFlags(operands, given) : undefined,
    });
  }

  private plainFlags(
    operands: readonly string[],
    given: ReadonlySet<string>,
  ): readonly string[] | undefined {
    const words = this.line?.words ?? [];
    const arePlain = [...given].every((name) => PLAIN_FLAGS.has(name));
    return arePlain ? words.slice(0, words.length - operands.length) : undefined;
  }
}
