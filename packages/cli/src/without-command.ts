/** What happens when the words name no command: help, the version, or an error that guesses. */
import { UsageError } from '@berth/errors';
import { absentCommand } from './absent-commands.ts';
import { suggest } from './flags/suggest.ts';
import { groupHelp } from './group-help.ts';
import { print, printError } from './output/streams.ts';
import { alsoWritten, findRoute, isGroup, wordsOf } from './routes.ts';

const USAGE_STATUS = 125;

/** Prints help or the version and answers the exit status. Throws UsageError for unknown words. */
export async function withoutCommand(
  words: readonly string[],
  asked: { help: boolean; version: boolean },
): Promise<number> {
  if (asked.version) {
    const { VERSION } = await import('@berth/engine/system/version');
    print(`berth version ${VERSION}\n`);
    return 0;
  }
  const named = words[0] === 'help' ? words.slice(1) : words;
  const route = findRoute(named);
  if (route !== undefined) {
    const { spec } = new (await route.load())();
    const { commandHelp } = await import('./help.ts');
    print(commandHelp(spec, alsoWritten(route.path)));
    return 0;
  }
  const group = isGroup(named.slice(0, 1)) ? named.slice(0, 1) : [];
  const rest = named.slice(group.length);
  const asksHelp = asked.help || words[0] === 'help' || isHelpFlag(rest[0]);
  if (rest.length === 0 || isHelpFlag(rest[0])) {
    print(await groupHelp(group));
    if (asksHelp || words.length === 0) return 0;
    printError(`Error: run "berth ${words.join(' ')}": the command is missing\n`);
    return USAGE_STATUS;
  }
  throw unknownCommand(group, rest[0] ?? '');
}

function isHelpFlag(word: string | undefined): boolean {
  return word === '--help' || word === '-h';
}

function unknownCommand(group: readonly string[], word: string): UsageError {
  const name = ['berth', ...group].join(' ');
  const absent = absentCommand(group[0], word);
  if (absent !== undefined) {
    const { reason, instead } = absent;
    return new UsageError('ABSENT_COMMAND', `run "${name} ${word}": ${reason}`, { hint: instead });
  }
  const meant = suggest(word, wordsOf(group));
  const hint = meant === undefined ? `see "${name} --help"` : `did you mean "${name} ${meant}"?`;
  return new UsageError('UNKNOWN_COMMAND', `run "${name} ${word}": no such command`, { hint });
}
