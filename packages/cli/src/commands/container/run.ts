/** `berth run`: make a container from an image and run a command in it. */
import type { StreamName } from '@berth/engine';
import { runContainer } from '@berth/engine/containers/run';
import { UsageError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { CONTAINER_FLAGS } from '../../flags/container-flags.ts';
import { listed, text, toggle, type FlagValues } from '../../flags/flag.ts';
import { pullOptions } from '../../flags/pull-flags.ts';
import { printError } from '../../output/streams.ts';
import { isTerminal } from '../../output/terminal.ts';
import { configuredFlags } from '../../request/configured-flags.ts';
import { containerRequest } from '../../request/container-request.ts';
import { refuseContradictions } from '../../request/contradictions.ts';
import { parseDetachKeys } from '../../request/detach-keys.ts';
import { preservedByRun } from '../../request/preserved.ts';

const FLAGS = {
  ...CONTAINER_FLAGS,
  attach: listed('STREAM', 'attach to stdin, stdout or stderr only', { short: 'a' }),
  detach: toggle('run in the background and print the id', { short: 'd' }),
  'detach-keys': text('KEYS', 'keys that detach from a terminal (ctrl-p,ctrl-q)'),
  rmi: toggle('remove container and image at its end, unless others need the image'),
  'sig-proxy': toggle('pass signals on to the container', { initial: true }),
} as const;

/**
 * Flags that mean the same whoever types them, wherever and whenever, as long as those do that
 * engine/containers/run-facts.ts compares. Not --env: passwords would outlive their container.
 */
const PLAIN_FLAGS = new Set([
  'annotation', 'cap-add', 'cap-drop', 'cpu-shares', 'cpus', 'detach', 'detach-keys', 'dns',
  'dns-option', 'dns-search', 'entrypoint', 'group-add', 'hostname', 'init', 'interactive',
  'label', 'memory', 'memory-reservation', 'memory-swap', 'name', 'network', 'no-hosts',
  'pids-limit', 'read-only', 'read-only-tmpfs', 'rm', 'shm-size', 'sig-proxy',
  'stop-signal', 'stop-timeout', 'timeout', 'tmpfs', 'tty', 'umask', 'user', 'volume', 'workdir',
]);
const BOUND_FOLDER = /^\/[^:]*:\/[^:]*(:(ro|rw|z|Z)(,(ro|rw|z|Z))*)?$/;

/** Becomes the native client: the exit status is that of the container. */
export class RunCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['run'],
    operands: 'IMAGE [COMMAND [ARG...]]',
    least: 1,
    stopsAtOperand: true,
    summary: 'Run a command in a new container',
    details: `Pulls the image if the store does not have it. The exit status is that of the command;
125 if Berth failed, 126 if the command can't be executed, 127 if the command is not found.`,
    examples: [
      ['A shell in Debian, gone when it ends', 'berth run --rm -it debian bash'],
      ['A web server in the background, on port 8080', 'berth run -d --name web -p 8080:80 nginx'],
      [
        'A tool that works on the current folder',
        'berth run --rm -v "$PWD:/work" -w /work gcc make',
      ],
      ["The host's own programs, in a container", 'berth run --rm -it host bash'],
    ],
    flags: FLAGS,
  } as const;

  protected async run(invocation: Invocation<typeof FLAGS>): Promise<number> {
    const { operands, given } = invocation;
    refuseContradictions(invocation.flags);
    const { flags, names, defaults, detachKeys } = configuredFlags(invocation.flags, given);
    if (flags.detach && flags.attach.length > 0) {
      throw new UsageError('DETACH_AND_ATTACH', 'read --attach: it excludes --detach');
    }
    const pull = pullOptions(flags, given, flags.pull ?? 'missing');
    const { rmi } = flags;
    if (rmi && flags.detach) {
      throw new UsageError('DETACH_AND_RMI', 'read --rmi: it excludes --detach');
    }
    const request = containerRequest({ ...flags, rm: flags.rm || rmi }, operands, defaults);
    warnWithoutTerminal(flags);
    const run = rmi ? await removingImage() : runContainer;
    return run(this.openEngine(flags), request, {
      pull,
      words: this.plainWords(flags, operands, [...given, ...names]),
      launch: {
        detach: flags.detach,
        attach: flags.attach.length === 0 ? undefined : flags.attach.map(streamName),
        detachKeys: parseDetachKeys(flags['detach-keys'] ?? detachKeys),
        sigProxy: flags['sig-proxy'],
        preserve: preservedByRun(flags['preserve-fds'], flags['preserve-fd']),
      },
    });
  }

  /** Flags and image as typed, where they mean the same the next time. */
  private plainWords(
    { volume }: FlagValues<typeof FLAGS>,
    operands: readonly string[],
    names: readonly string[],
  ): readonly string[] | undefined {
    const words = this.line?.words ?? [];
    const arePlain = names.every((name) => PLAIN_FLAGS.has(name))
      && volume.every((text) => BOUND_FOLDER.test(text)) && isPlainImage(operands[0] ?? '');
    return arePlain ? words.slice(0, words.length - operands.length + 1) : undefined;
  }
}

/** A name alone: what is found by digits depends on all images. */
function isPlainImage(name: string): boolean {
  return !name.includes('@') && !/^(sha256:)?[0-9a-f]+$/i.test(name);
}

async function removingImage() {
  const module = await import('@berth/engine/containers/run-and-remove-image');
  return module.runAndRemoveImage;
}

function streamName(text: string): StreamName {
  const name = text.toLowerCase();
  if (name !== 'stdin' && name !== 'stdout' && name !== 'stderr') {
    throw new UsageError('BAD_STREAM', `attach to "${text}": no such stream`, {
      hint: 'use stdin, stdout or stderr',
    });
  }
  return name;
}

/**
 * Warns when -it is used without a terminal, because the program does not see the end of such
 * input.
 */
function warnWithoutTerminal(
  { interactive, tty, detach }: { interactive: boolean; tty: boolean; detach: boolean },
): void {
  if (!interactive || !tty || detach || isTerminal(0)) return;
  printError('Warning: the input device is not a TTY: leave out --tty where input is to end\n');
}
