/** The text of `--help`: of one command from its table, and of a group of commands. */
import type { CommandSpec } from './command.ts';
import type { Flag } from './flags/flag.ts';
import { loadGroup, routesOf } from './routes.ts';

const FLAG_COLUMN = 36;
const NAME_COLUMN = 14;

/** Help of one command. */
export function commandHelp(spec: CommandSpec): string {
  const name = `berth ${spec.path.join(' ')}`;
  const flags = Object.entries(spec.flags)
    .filter(([, flag]) => !flag.hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([long, flag]) => flagLine(long, flag));
  const options = flags.length > 0 ? ' [OPTIONS]' : '';
  const examples = spec.examples.map(([what, line]) => `  # ${what}\n  ${line}`);
  const also = routesOf(spec.path).map((path) => `  berth ${path.join(' ')}`);
  const parts = [
    spec.summary,
    ...(spec.details === undefined ? [] : [spec.details]),
    `Usage:\n  ${`${name}${options} ${spec.operands}`.trimEnd()}`,
    ...(also.length > 0 ? [`Also:\n${also.join('\n')}`] : []),
    ...(examples.length > 0 ? [`Examples:\n${examples.join('\n')}`] : []),
    ...(flags.length > 0 ? [`Options:\n${flags.join('\n')}`] : []),
  ];
  return `${parts.join('\n\n')}\n`;
}

function flagLine(long: string, flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const left = `  ${short}--${long} ${flag.placeholder}`.trimEnd();
  return left.length < FLAG_COLUMN
    ? `${left.padEnd(FLAG_COLUMN)}${flag.description}`
    : `${left}\n${' '.repeat(FLAG_COLUMN)}${flag.description}`;
}

/** Help of the program (no words) or of a group of commands such as `volume`. */
export async function groupHelp(group: readonly string[]): Promise<string> {
  const commands = await loadGroup(group);
  const lines = commands.map(({ word, summary }) => `  ${word.padEnd(NAME_COLUMN)}${summary}`);
  const name = ['berth', ...group].join(' ');
  const title = group.length === 0 ? 'OCI containers for ordinary users.\n\n' : '';
  const more = `More about a command: ${name} COMMAND --help`;
  return `${title}Usage:\n  ${name} COMMAND\n\nCommands:\n${lines.join('\n')}\n\n${more}\n`;
}
