/** Help of the program, and of a group of commands. */
import { loadGroup } from './routes.ts';

const NAME_COLUMN = 14;

/** Help of the program (no words) or of a group of commands such as `volume`. */
export async function groupHelp(group: readonly string[]): Promise<string> {
  const commands = await loadGroup(group);
  const lines = commands.map(({ word, summary }) => `  ${word.padEnd(NAME_COLUMN)}${summary}`);
  const name = ['berth', ...group].join(' ');
  const title = group.length === 0 ? 'OCI containers for ordinary users.\n\n' : '';
  const more = `More about a command: ${name} COMMAND --help`;
  return `${title}Usage:\n  ${name} COMMAND\n\nCommands:\n${lines.join('\n')}\n\n${more}\n`;
}
