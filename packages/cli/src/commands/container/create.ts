/** `berth create`: make a container without starting it. */
import { createContainer } from '@berth/engine/containers/create';
import { BerthCommand, type Invocation } from '../../command.ts';
import { CONTAINER_FLAGS } from '../../flags/container-flags.ts';
import { pullOptions } from '../../flags/pull-flags.ts';
import { print } from '../../output/streams.ts';
import { containerRequest } from '../../request/container-request.ts';

/** The container exists, and its id is printed. */
export class CreateCommand extends BerthCommand<typeof CONTAINER_FLAGS> {
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
    flags: CONTAINER_FLAGS,
  } as const;

  protected async run(invocation: Invocation<typeof CONTAINER_FLAGS>): Promise<void> {
    const { flags, operands, given } = invocation;
    const pull = pullOptions(flags, given, flags.pull ?? 'missing');
    const request = containerRequest(flags, operands);
    print(`${await createContainer(this.openEngine(flags), request, pull)}\n`);
  }
}
