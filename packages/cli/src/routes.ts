/**
 * Which words run which command. Only the module of the command that runs is loaded; help loads
 * those of its group.
 */
import type { CommandClass } from './command.ts';

/** A command, and the words of its name. */
export interface Route {
  path: readonly string[];
  load(): Promise<CommandClass>;
}

type Load = () => Promise<CommandClass>;

const load = {
  attach: async () => (await import('./commands/container/attach.ts')).AttachCommand,
  commit: async () => (await import('./commands/container/commit.ts')).CommitCommand,
  containerDiff: async () => (await import('./commands/container/diff.ts')).ContainerDiffCommand,
  containerExists: async () =>
    (await import('./commands/container/exists.ts')).ContainerExistsCommand,
  containerInspect: async () =>
    (await import('./commands/container/inspect.ts')).ContainerInspectCommand,
  containerPrune: async () => (await import('./commands/container/prune.ts')).ContainerPruneCommand,
  create: async () => (await import('./commands/container/create.ts')).CreateCommand,
  diff: async () => (await import('./commands/container/diff.ts')).DiffCommand,
  doctor: async () => (await import('./commands/system/doctor.ts')).DoctorCommand,
  export: async () => (await import('./commands/container/export.ts')).ExportCommand,
  exec: async () => (await import('./commands/container/exec.ts')).ExecCommand,
  inspect: async () => (await import('./commands/container/inspect.ts')).InspectCommand,
  kill: async () => (await import('./commands/container/kill.ts')).KillCommand,
  logs: async () => (await import('./commands/container/logs.ts')).LogsCommand,
  pause: async () => (await import('./commands/container/pause.ts')).PauseCommand,
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
  history: async () => (await import('./commands/image/history.ts')).HistoryCommand,
  imageDiff: async () => (await import('./commands/container/diff.ts')).ImageDiffCommand,
  imageExists: async () => (await import('./commands/image/exists.ts')).ImageExistsCommand,
  imageInspect: async () => (await import('./commands/image/inspect.ts')).ImageInspectCommand,
  imagePrune: async () => (await import('./commands/image/prune.ts')).ImagePruneCommand,
  imageTree: async () => (await import('./commands/image/tree.ts')).ImageTreeCommand,
  images: async () => (await import('./commands/image/images.ts')).ImagesCommand,
  import: async () => (await import('./commands/image/import.ts')).ImportCommand,
  info: async () => (await import('./commands/system/info.ts')).InfoCommand,
  load: async () => (await import('./commands/image/load.ts')).LoadCommand,
  login: async () => (await import('./commands/registry/login.ts')).LoginCommand,
  logout: async () => (await import('./commands/registry/logout.ts')).LogoutCommand,
  pull: async () => (await import('./commands/image/pull.ts')).PullCommand,
  rmi: async () => (await import('./commands/image/rmi.ts')).RemoveImageCommand,
  push: async () => (await import('./commands/image/push.ts')).PushCommand,
  save: async () => (await import('./commands/image/save.ts')).SaveCommand,
  systemCheck: async () => (await import('./commands/system/check.ts')).SystemCheckCommand,
  systemDf: async () => (await import('./commands/system/df.ts')).SystemDfCommand,
  systemPrune: async () => (await import('./commands/system/prune.ts')).SystemPruneCommand,
  systemReset: async () => (await import('./commands/system/reset.ts')).SystemResetCommand,
  tag: async () => (await import('./commands/image/tag.ts')).TagCommand,
  unshare: async () => (await import('./commands/system/unshare.ts')).UnshareCommand,
  unpause: async () => (await import('./commands/container/unpause.ts')).UnpauseCommand,
  untag: async () => (await import('./commands/image/untag.ts')).UntagCommand,
  version: async () => (await import('./commands/system/version.ts')).VersionCommand,
  volumeCreate: async () => (await import('./commands/volume/create.ts')).VolumeCreateCommand,
  volumeExists: async () => (await import('./commands/volume/exists.ts')).VolumeExistsCommand,
  volumeExport: async () => (await import('./commands/volume/export.ts')).VolumeExportCommand,
  volumeImport: async () => (await import('./commands/volume/import.ts')).VolumeImportCommand,
  volumeInspect: async () => (await import('./commands/volume/inspect.ts')).VolumeInspectCommand,
  volumeLs: async () => (await import('./commands/volume/ls.ts')).VolumeListCommand,
  volumePrune: async () => (await import('./commands/volume/prune.ts')).VolumePruneCommand,
  volumeRm: async () => (await import('./commands/volume/rm.ts')).VolumeRemoveCommand,
} satisfies Record<string, Load>;

/** All commands, by each of their names. */
const ROUTES: Readonly<Record<string, Load>> = {
  attach: load.attach,
  'container attach': load.attach,
  commit: load.commit,
  'container commit': load.commit,
  create: load.create,
  'container create': load.create,
  diff: load.diff,
  'container diff': load.containerDiff,
  'image diff': load.imageDiff,
  doctor: load.doctor,
  'system doctor': load.doctor,
  export: load.export,
  'container export': load.export,
  exec: load.exec,
  'container exec': load.exec,
  'container exists': load.containerExists,
  inspect: load.inspect,
  'container inspect': load.containerInspect,
  kill: load.kill,
  'container kill': load.kill,
  logs: load.logs,
  'container logs': load.logs,
  pause: load.pause,
  'container pause': load.pause,
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
  unpause: load.unpause,
  'container unpause': load.unpause,
  wait: load.wait,
  'container wait': load.wait,
  history: load.history,
  'image history': load.history,
  'image exists': load.imageExists,
  'image inspect': load.imageInspect,
  'image prune': load.imagePrune,
  'image tree': load.imageTree,
  images: load.images,
  'image ls': load.images,
  'image list': load.images,
  import: load.import,
  'image import': load.import,
  info: load.info,
  'system info': load.info,
  load: load.load,
  'image load': load.load,
  login: load.login,
  logout: load.logout,
  pull: load.pull,
  'image pull': load.pull,
  rmi: load.rmi,
  'image rm': load.rmi,
  'image remove': load.rmi,
  push: load.push,
  'image push': load.push,
  save: load.save,
  'image save': load.save,
  'system check': load.systemCheck,
  'system df': load.systemDf,
  'system prune': load.systemPrune,
  'system reset': load.systemReset,
  tag: load.tag,
  'image tag': load.tag,
  unshare: load.unshare,
  untag: load.untag,
  'image untag': load.untag,
  version: load.version,
  'volume create': load.volumeCreate,
  'volume exists': load.volumeExists,
  'volume export': load.volumeExport,
  'volume import': load.volumeImport,
  'volume inspect': load.volumeInspect,
  'volume ls': load.volumeLs,
  'volume list': load.volumeLs,
  'volume prune': load.volumePrune,
  'volume rm': load.volumeRm,
  'volume remove': load.volumeRm,
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
export function alsoWritten(path: readonly string[]): string[] {
  const words = path.join(' ');
  const found = route(words);
  return Object.keys(ROUTES).filter((other) => ROUTES[other] === found && other !== words);
}

/**
 * The commands of a group with what each does, sorted; other names of the same command are left
 * out.
 */
export async function loadGroup(
  group: readonly string[],
): Promise<{ word: string; summary: string }[]> {
  const known = new Map<Load | string, string>();
  for (const word of wordsOf(group)) {
    const key = route([...group, word].join(' ')) ?? word;
    if (!known.has(key)) known.set(key, word);
  }
  const entries = [...known].map(async ([found, word]) => {
    const spec = typeof found === 'string' ? undefined : new (await found())().spec;
    return { word, summary: spec?.summary ?? `Commands for ${GROUPS[word] ?? word}` };
  });
  return (await Promise.all(entries)).sort((a, b) => (a.word < b.word ? -1 : 1));
}

const GROUPS: Readonly<Record<string, string>> = {
  container: 'containers',
  image: 'images',
  volume: 'volumes',
  system: 'all of Berth',
};
