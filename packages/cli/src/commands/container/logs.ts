/** `berth logs`: what containers have written. */
import type { Engine } from '@berth/engine';
import { parseTime } from '@berth/engine';
import { readLogs, type LogLine, type LogOptions } from '@berth/engine/containers/logs';
import { BerthCommand, type Invocation } from '../../command.ts';
import { forEach } from '../../each.ts';
import { text, toggle, whole } from '../../flags/flag.ts';
import { latestFlag, selectContainers } from '../../flags/selection-flags.ts';
import { LineWriter } from '../../output/line-writer.ts';

const FLAGS = {
  color: toggle('a color for each container'),
  follow: toggle('go on as more is written', { short: 'f' }),
  latest: latestFlag,
  names: toggle('begin lines with the name of the container', { short: 'n' }),
  since: text('TIME', 'from then on: a timestamp, or how long ago, e.g. 10m'),
  tail: whole('N', 'only the last N lines; -1 is all'),
  timestamps: toggle('begin lines with the time', { short: 't' }),
  until: text('TIME', 'until then'),
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
      ['What a container wrote last, and what it writes', 'berth logs --tail 20 --follow web'],
      ['The last ten minutes, with times', 'berth logs --since 10m --timestamps web'],
    ],
    flags: FLAGS,
  } as const;

  protected async run({ flags, operands }: Invocation<typeof FLAGS>): Promise<number> {
    const engine = this.openEngine();
    const names = await selectContainers(engine, { flags, operands });
    const show = (name: string): Promise<void> =>
      showLog(engine, name, {
        options: logOptions(flags),
        prefix: prefixOf(name, names.indexOf(name), flags),
        timestamps: flags.timestamps,
      });
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
    tail: flags.tail === undefined || flags.tail < 0 ? undefined : flags.tail,
    since: flags.since === undefined ? undefined : parseTime(flags.since),
    until: flags.until === undefined ? undefined : parseTime(flags.until),
  };
}

function prefixOf(name: string, index: number, { names, color }: Flags): string {
  if (!names && !color) {
    return '';
  }
  return color ? `\u001b[${COLORS[index % COLORS.length]}m${name}\u001b[0m ` : `${name} `;
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
      writeLine(writers[line.stream], line, timestamps ? `${prefix}${line.time} ` : prefix);
    }
    writers.stdout.flush();
    writers.stderr.flush();
  }
}

/** Parts of one line are put together again; what stands before it is written once. */
function writeLine(writer: LineWriter, { text: bytes, partial }: LogLine, prefix: string): void {
  if (prefix !== '' && writer.isAtLineStart) {
    writer.writeText(prefix);
  }
  writer.write(bytes, { endsLine: !partial });
}
