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

type Load = () => Promise<CommandClass>;

const load = {
  attach: async () => (await import('./commands/container/attach.ts')).AttachCommand,
  containerExists: async () =>
    (await import('./commands/container/exists.ts')).ContainerExistsCommand,
  containerInspect: async () =>
    (await import('./commands/container/inspect.ts')).ContainerInspectCommand,
  containerPrune: async () => (await import('./commands/container/prune.ts')).ContainerPruneCommand,
  create: async () => (await import('./commands/container/create.ts')).CreateCommand,
  exec: async () => (await import('./commands/container/exec.ts')).ExecCommand,
  inspect: async () => (await import('./commands/container/inspect.ts')).InspectCommand,
  kill: async () => (await import('./commands/container/kill.ts')).KillCommand,
  logs: async () => (await import('./commands/container/logs.ts')).LogsCommand,
  port: async () => (await import('./commands/container/port.ts')).PortCommand,
  ps: async () => (await import('./commands/container/ps.ts')).PsCommand,
  rename: async () => (await import('./commands/container/rename.ts')).RenameCommand,
  restart: async () => (await import('./commands/container/restart.ts')).RestartCommand,
  rm: async () => (await import('./commands/container/rm.ts')).RemoveCommand,
  run: async () => (await import('./commands/container/run.ts')).RunCommand,
  start: async () => (await import('./commands/container/start.ts')).StartCommand,
  stop: async () => (await import('./commands/container/stop.ts')).StopCommand,
  top: async () => (await import('./commands/container/top.ts')).TopCommand,
  wait: async () => (await import('./commands/container/wait.ts')).WaitCommand,
} satisfies Record<string, Load>;

/** Every way to write every command. */
const ROUTES: Readonly<Record<string, Load>> = {
  attach: load.attach,
  'container attach': load.attach,
  create: load.create,
  'container create': load.create,
  exec: load.exec,
  'container exec': load.exec,
  'container exists': load.containerExists,
  inspect: load.inspect,
  'container inspect': load.containerInspect,
  kill: load.kill,
  'container kill': load.kill,
  logs: load.logs,
  'container logs': load.logs,
  port: load.port,
  'container port': load.port,
  'container prune': load.containerPrune,
  ps: load.ps,
  'container ps': load.ps,
  'container ls': load.ps,
  'container list': load.ps,
  rename: load.rename,
  'container rename': load.rename,
  restart: load.restart,
  'container restart': load.restart,
  rm: load.rm,
  'container rm': load.rm,
  run: load.run,
  'container run': load.run,
  start: load.start,
  'container start': load.start,
  stop: load.stop,
  'container stop': load.stop,
  top: load.top,
  'container top': load.top,
  wait: load.wait,
  'container wait': load.wait,
};

/** The command that the words begin with, or undefined. */
export function findRoute(words: readonly string[]): Route | undefined {
  for (const length of [2, 1]) {
    const path = words.slice(0, length);
    const found = path.length === length ? route(path.join(' ')) : undefined;
    if (found !== undefined) {
      return { path, load: found };
    }
  }
  return undefined;
}

function route(words: string): Load | undefined {
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
  const usualRoute = route(usual);
  return Object.entries(ROUTES)
    .filter(([words, other]) => other === usualRoute && words !== usual)
    .map(([words]) => words.split(' '));
}

/** The words of a group with what each does, sorted; groups inside it say that they are groups. */
export async function loadGroup(
  group: readonly string[],
): Promise<{ word: string; summary: string }[]> {
  const entries = wordsOf(group).map(async (word) => {
    const found = route([...group, word].join(' '));
    const spec = found === undefined ? undefined : new (await found())().spec;
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
