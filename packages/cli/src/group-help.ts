/** Help of the program, and of a group of commands. */
import { GLOBAL_FLAGS } from './flags/global-flags.ts';
import { flagLines } from './help.ts';
import { loadGroup } from './routes.ts';

const NAME_COLUMN = 14;

/** Help of the program (no words) or of a group of commands such as `volume`. */
export async function groupHelp(group: readonly string[]): Promise<string> {
  const commands = await loadGroup(group);
  const lines = commands.map(({ word, summary }) => `  ${word.padEnd(NAME_COLUMN)}${summary}`);
  const name = ['berth', ...group].join(' ');
  const parts = [
    ...(group.length === 0 ? ['OCI containers for ordinary users.'] : []),
    `Usage:\n  ${name}${group.length === 0 ? ' [OPTIONS]' : ''} COMMAND`,
    ...(group.length === 0 ? [EXAMPLES] : []),
    `Commands:\n${lines.join('\n')}`,
    ...(group.length === 0 ? [`Options:\n${flagLines(GLOBAL_FLAGS).join('\n')}`] : []),
    `More about a command: ${name} COMMAND --help`,
  ];
  return `${parts.join('\n\n')}\n`;
}

const EXAMPLES = `Examples:
  # A first container, without any download
  berth run --rm hello
  # A shell in Debian, gone when it ends
  berth run --rm -it debian bash`;
