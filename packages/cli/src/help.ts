/** The text of a command's `--help`, from its table. */
import type { CommandSpec } from './command-spec.ts';
import type { Flag, FlagTable } from './flags/flag.ts';

const FLAG_COLUMN = 36;

/** The help text; `also` are the other names of the command. */
export function commandHelp(spec: CommandSpec, also: readonly string[]): string {
  const name = `berth ${spec.path.join(' ')}`;
  const flags = flagLines(spec.flags);
  const options = flags.length > 0 ? ' [OPTIONS]' : '';
  const examples = spec.examples.map(([what, line]) => `  # ${what}\n  ${line}`);
  const parts = [
    spec.summary,
    ...(spec.details === undefined ? [] : [spec.details]),
    `Usage:\n  ${`${name}${options} ${spec.operands}`.trimEnd()}`,
    ...(also.length > 0 ? [`Also:\n${also.map((words) => `  berth ${words}`).join('\n')}`] : []),
    ...(examples.length > 0 ? [`Examples:\n${examples.join('\n')}`] : []),
    ...(flags.length > 0 ? [`Options:\n${flags.join('\n')}`] : []),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** A line for each flag that help shows, sorted. */
export function flagLines(flags: FlagTable): string[] {
  return Object.entries(flags)
    .filter(([, flag]) => !flag.hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([long, flag]) => flagLine(long, flag));
}

function flagLine(long: string, flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const left = `  ${short}--${long} ${flag.placeholder}`.trimEnd();
  return left.length < FLAG_COLUMN
    ? `${left.padEnd(FLAG_COLUMN)}${flag.description}`
    : `${left}\n${' '.repeat(FLAG_COLUMN)}${flag.description}`;
}
