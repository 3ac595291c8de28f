/** `berth attach`: show the output of a running container, and type into it. */
import { attachContainer } from '@berth/engine/containers/exec';
import { BerthCommand, type Invocation } from '../../command.ts';
import { text, toggle } from '../../flags/flag.ts';
import { latestFlag, selectOne } from '../../flags/selection-flags.ts';
import { chooseDetachKeys } from '../../request/detach-keys.ts';

const FLAGS = {
  'detach-keys': text('KEYS', 'keys that detach from a terminal (ctrl-p,ctrl-q)'),
  latest: latestFlag,
  'no-stdin': toggle('do not pass standard input on'),
  'sig-proxy': toggle('pass signals on to the container', { initial: true }),
} as const;

/** Becomes the native client: the exit status is that of the container. */
export class AttachCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['attach'],
    operands: 'CONTAINER',
    most: 1,
    summary: 'Attach to a running container',
    examples: [
      ['Go back to a shell that you left with ctrl-p ctrl-q', 'berth attach shell'],
      ['Watch a container without typing into it', 'berth attach --no-stdin web'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    const [name] = await selectOne(engine, { flags, operands });
    return attachContainer(engine, name, {
      stdin: !flags['no-stdin'],
      detachKeys: chooseDetachKeys(flags['detach-keys']),
      sigProxy: flags['sig-proxy'],
    });
  }
}
