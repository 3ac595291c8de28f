/** `berth logs`: what containers have written. */
import type { Engine } from '@berth/engine';
import { parseTime } from '@berth/engine';
import { readLogs, type LogLine, type LogOptions } from '@berth/engine/containers/logs';
import { BerthCommand, type Invocation } from '../../command.ts';
import { forEach } from '../../each.ts';
import { ignored, text, toggle } from '../../flags/flag.ts';
import { badFlagValue } from '../../flags/parse-flags.ts';
import { latestFlag, selectContainers } from '../../flags/selection-flags.ts';
import { shortId } from '../../output/human.ts';
import { LineWriter } from '../../output/line-writer.ts';

const FLAGS = {
  color: toggle('give each of several containers a color'),
  details: ignored('toggle'),
  follow: toggle('keep printing new output', { short: 'f' }),
  latest: latestFlag,
  names: toggle('name each of several containers by its name, not its id', { short: 'n' }),
  since: text('TIME', 'only output since TIME: a timestamp, or how long ago, e.g. 10m'),
  tail: text('N', 'only the last N lines; -1 or "all" means all'),
  timestamps: toggle('begin lines with the time', { short: 't' }),
  until: text('TIME', 'only output until TIME'),
} as const;

type Flags = Invocation<typeof FLAGS>['flags'];
const COLORS = [31, 32, 33, 34, 35, 36];

/** Prints the kept output: what went to standard output there, here; errors likewise. */
export class LogsCommand extends BerthCommand<typeof FLAGS> {
  readonly spec = {
    path: ['logs'],
    operands: 'CONTAINER...',
    summary: 'Show the output of containers',
    examples: [
      ['The last 20 lines, and all new output', 'berth logs --tail 20 --follow web'],
      ['The last ten minutes, with times', 'berth logs --since 10m --timestamps web'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    const names = await selectContainers(engine, { flags, operands });
    const options = logOptions(flags);
    const show = (name: string): Promise<void> => {
      const isOne = names.length === 1;
      const prefix = isOne ? '' : prefixOf(engine, name, { flags, index: names.indexOf(name) });
      return showLog(engine, name, { options, prefix, timestamps: flags.timestamps });
    };
    if (!flags.follow) {
      return forEach(names, show);
    }
    const statuses = await Promise.all(names.map(async (name) => forEach([name], show)));
    return statuses.find((status) => status !== 0) ?? 0;
  }
}

function logOptions(flags: Flags): LogOptions {
  return {
    follow: flags.follow,
    tail: tailOf(flags.tail),
    since: flags.since === undefined ? undefined : parseTime(flags.since),
    until: flags.until === undefined ? undefined : parseTime(flags.until, 'ahead'),
  };
}

function tailOf(typed: string | undefined): number | undefined {
  if (typed === undefined || typed === 'all') return undefined;
  if (!/^[+-]?\d{1,15}$/.test(typed)) {
    throw badFlagValue('tail', typed, 'not a whole number');
  }
  return Number(typed) < 0 ? undefined : Number(typed);
}

/** Which of several containers a line is of: its id, or its name. */
function prefixOf(
  engine: Engine,
  typed: string,
  { flags: { names, color }, index }: { flags: Flags; index: number },
): string {
  const { containers } = engine.store;
  const id = containers.resolve(typed);
  const title = names ? containers.name(id) : shortId(id);
  return color ? `\u001b[${COLORS[index % COLORS.length]}m${title}\u001b[0m ` : `${title} `;
}

interface Shown {
  options: LogOptions;
  prefix: string;
  timestamps: boolean;
}

async function showLog(
  engine: Engine,
  name: string,
  { options, prefix, timestamps }: Shown,
): Promise<void> {
  const writers = { stdout: new LineWriter(1), stderr: new LineWriter(2) };
  for await (const batch of readLogs(engine, name, options)) {
    for (const line of batch) {
      writeLine(writers[line.stream], line, timestamps ? `${prefix}${timeOf(line)} ` : prefix);
    }
    writers.stdout.flush();
    writers.stderr.flush();
  }
}

/** `Z` for UTC, as logs of Podman and Docker are shown. */
function timeOf({ time }: LogLine): string {
  return time.endsWith('+00:00') ? `${time.slice(0, -'+00:00'.length)}Z` : time;
}

/** Parts of one line are put together again; what stands before it is written once. */
function writeLine(writer: LineWriter, { text: bytes, partial }: LogLine, prefix: string): void {
  if (prefix !== '' && writer.isAtLineStart) {
    writer.writeText(prefix);
  }
  writer.write(bytes, { endsLine: !partial });
}
