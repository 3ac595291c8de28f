/**
 * Which words run which command. Only the module of the command that runs is loaded; help loads
 * those of its group.
 */
import type { CommandClass } from './command.ts';

/** A command, and the words that chose it. */
export interface Route {
  path: readonly string[];
  load(): Promise<CommandClass>;
}

/** Every way to write every command; the first of those that load the same is the usual one. */
const ROUTES: Readonly<Record<string, () => Promise<CommandClass>>> = {
  run: async () => (await import('./commands/container/run.ts')).RunCommand,
};

/** The command that the words begin with, or undefined. */
export function findRoute(words: readonly string[]): Route | undefined {
  for (const length of [2, 1]) {
    const path = words.slice(0, length);
    const load = path.length === length ? route(path.join(' ')) : undefined;
    if (load !== undefined) {
      return { path, load };
    }
  }
  return undefined;
}

function route(words: string): (() => Promise<CommandClass>) | undefined {
  return Object.hasOwn(ROUTES, words) ? ROUTES[words] : undefined;
}

/** Whether the words are the beginning of longer commands. */
export function isGroup(words: readonly string[]): boolean {
  return words.length > 0 && wordsOf(words).length > 0;
}

/** The words that may follow a group's; all first words for no group. */
export function wordsOf(group: readonly string[]): string[] {
  const paths = Object.keys(ROUTES).map((words) => words.split(' '));
  const inGroup = paths.filter((path) => group.every((word, index) => path[index] === word));
  const next = inGroup.flatMap((path) => path[group.length] ?? []);
  return [...new Set(next)];
}

/** The other ways to write a command. */
export function routesOf(path: readonly string[]): string[][] {
  const usual = path.join(' ');
  const load = route(usual);
  return Object.entries(ROUTES)
    .filter(([words, other]) => other === load && words !== usual)
    .map(([words]) => words.split(' '));
}

/** The words of a group with what each does, sorted; groups inside it say that they are groups. */
export async function loadGroup(
  group: readonly string[],
): Promise<{ word: string; summary: string }[]> {
  const entries = wordsOf(group).map(async (word) => {
    const load = route([...group, word].join(' '));
    const spec = load === undefined ? undefined : new (await load())().spec;
    const summary = spec?.summary ?? `Commands for ${GROUPS[word] ?? word}`;
    return { word, summary };
  });
  return (await Promise.all(entries)).sort((a, b) => (a.word < b.word ? -1 : 1));
}

const GROUPS: Readonly<Record<string, string>> = {
  container: 'containers',
  image: 'images',
  volume: 'volumes',
  system: 'all of Berth',
};
