/** `berth wait`: wait until containers have ended and print their exit statuses. */
import { waitContainer } from '@berth/engine/containers/wait';
import { NotFoundError } from '@berth/errors';
import { BerthCommand, type Invocation } from '../../command.ts';
import { forEach } from '../../each.ts';
import { listed, text } from '../../flags/flag.ts';
import { parseDuration } from '../../parse/duration.ts';
import { ignoreFlag, latestFlag, selectContainers } from '../../flags/selection-flags.ts';

const FLAGS = {
  condition: listed('CONDITION', 'wait for another state: created, running, stopped, removed …'),
  ignore: ignoreFlag,
  interval: text('DURATION', 'look at least this often (100ms)', { short: 'i' }),
  latest: latestFlag,
} as const;

const LONGEST_INTERVAL_MS = 100;
const NO_STATUS = '-1';

/** Prints a status for each container. */
export class WaitCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['wait'],
    operands: 'CONTAINER...',
    summary: 'Wait for containers to end, and print their exit statuses',
    examples: [
      ['Wait for a job', 'berth wait job'],
      ['Wait until a server runs', 'berth wait --condition running web'],
    ],
    flags: { ...FLAGS, ignore: { ...ignoreFlag, short: undefined } },
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    const { condition: conditions, interval } = flags;
    const intervalMs = interval === undefined ? LONGEST_INTERVAL_MS : parseInterval(interval);
    return forEach(await selectContainers(engine, { flags, operands }), async (name) => {
      try {
        return String(await waitContainer(engine, name, { conditions, intervalMs }));
      } catch (error) {
        if (flags.ignore && error instanceof NotFoundError) return NO_STATUS;
        throw error;
      }
    });
  }
}

/** A bare number is milliseconds here, as in Podman. */
function parseInterval(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : parseDuration(text);
}
