/** `berth port`: on which addresses of the host a container's ports are published. */
import type { PortMapping } from '@berth/engine/containers/list';
import { containerPorts } from '@berth/engine/containers/ports';
import { formatAddress } from '@berth/engine/containers/published-ports';
import { NotFoundError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { forEach } from '../../each.ts';
import {
  latestFlag,
  SELECTION_FLAGS,
  selectContainers,
  selectOne,
} from '../../flags/selection-flags.ts';
import { shortId } from '../../output/human.ts';
import { print } from '../../output/streams.ts';

const FLAGS = { all: SELECTION_FLAGS.all, latest: latestFlag } as const;

/** Prints a line for each port. */
export class PortCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['port'],
    operands: 'CONTAINER [PORT[/PROTOCOL]]',
    most: 2,
    summary: "List a container's published ports",
    examples: [
      ['All of them', 'berth port web'],
      ['Where port 80 is published', 'berth port web 80'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    if (flags.all) {
      return forEach(await selectContainers(engine, { flags, operands }), (id) => {
        const lines = containerPorts(engine, id).flatMap(portLines);
        print(lines.map((line) => `${shortId(id)}\t${line}\n`).join(''));
      });
    }
    const [name, wanted] = await selectOne(engine, { flags, operands });
    const lines = containerPorts(engine, name).flatMap(portLines);
    const shown = wanted === undefined ? lines : [hostSide(lines, name, wanted)];
    print(shown.map((line) => `${line}\n`).join(''));
    return 0;
  }
}

/** `80/tcp -> 0.0.0.0:8080`, a line for each port of a range. */
function portLines({
  hostAddress,
  hostPort,
  containerPort,
  protocol,
  count,
}: PortMapping): string[] {
  const address = formatAddress(hostAddress);
  return Array.from(
    { length: count },
    (_, index) => `${containerPort + index}/${protocol} -> ${address}:${hostPort + index}`,
  );
}

function hostSide(lines: readonly string[], name: string, wanted: string): string {
  const port = wanted.includes('/') ? wanted : `${wanted}/tcp`;
  const line = lines.find((text) => text.startsWith(`${port} -> `));
  if (line === undefined) {
    throw new NotFoundError(
      'NO_SUCH_PORT',
      `find port "${port}" of container "${name}": not published`,
    );
  }
  return line.slice(`${port} -> `.length);
}
