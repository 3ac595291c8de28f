/** `berth create`: make a container without starting it. */
import { createContainer } from '@berth/engine/containers/create';
import { BerthCommand, type Invocation } from '../../command.ts';
import { CONTAINER_FLAGS } from '../../flags/container-flags.ts';
import { listed } from '../../flags/flag.ts';
import { pullOptions } from '../../flags/pull-flags.ts';
import { print } from '../../output/streams.ts';
import { configuredFlags } from '../../request/configured-flags.ts';
import { containerRequest } from '../../request/container-request.ts';
import { refuseContradictions } from '../../request/contradictions.ts';

const FLAGS = {
  ...CONTAINER_FLAGS,
  // The streams are chosen by whoever starts it.
  attach: listed('STREAM', 'no effect: see berth start --attach', { short: 'a', hidden: true }),
} as const;

/** The container exists, and its id is printed. */
export class CreateCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['create'],
    operands: 'IMAGE [COMMAND [ARG...]]',
    least: 1,
    stopsAtOperand: true,
    summary: 'Make a container without starting it',
    examples: [
      ['Make a container now, start it later', 'berth create --name web -p 8080:80 nginx'],
      ['Start it', 'berth start web'],
    ],
    flags: FLAGS,
  } as const;

  protected async run(invocation: Invocation<typeof FLAGS>): Promise<void> {
    const { operands, given } = invocation;
    refuseContradictions(invocation.flags);
    const { flags, defaults } = configuredFlags(invocation.flags, given);
    const pull = pullOptions(flags, given, flags.pull ?? 'missing');
    const request = containerRequest(flags, operands, defaults);
    print(`${await createContainer(this.openEngine(flags), request, pull)}\n`);
  }
}
