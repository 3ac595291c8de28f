/**
 * Commands of Podman and Docker that Berth does not have. Whoever types one is told which command
 * of Berth does the same.
 */

const BUILD = 'build it elsewhere and "berth load" it, or "berth import" a root file system';
const POLICY = 'policy.json says where images may come from; berth makes no signatures';
const SERVICES = 'start each container with "berth run", joined by --network container:NAME';
const UNIT = 'a unit with ExecStart=berth run --rm --name NAME IMAGE';
const UNPACK = 'berth export CONTAINER | tar -x -C FOLDER';

/** Commands that later versions may have. */
const LATER: Readonly<Record<string, string>> = {
  artifact: '"berth pull" is for images',
  'auto-update': 'berth pull IMAGE, and berth run --replace --name NAME IMAGE',
  build: BUILD,
  builder: BUILD,
  buildx: BUILD,
  compose: SERVICES,
  'container clone': 'berth commit CONTAINER IMAGE, and berth run IMAGE',
  cp: 'berth exec CONTAINER cat PATH >FILE; berth exec -i CONTAINER tee PATH <FILE >/dev/null',
  events: 'berth wait CONTAINER, and berth ps --filter status=STATUS',
  generate: UNIT,
  healthcheck: 'berth exec CONTAINER COMMAND',
  'image build': BUILD,
  'image mount': `berth create IMAGE, and ${UNPACK}`,
  'image scp': 'berth save IMAGE | ssh HOST berth load',
  'image search': 'look on the registry\'s web page, then "berth pull NAME"',
  'image sign': POLICY,
  'image trust': POLICY,
  'image umount': UNPACK,
  'image unmount': UNPACK,
  init: 'berth create makes a container, berth start runs it',
  kube: SERVICES,
  manifest: 'berth pull --platform OS/ARCH, and berth push, for each platform',
  mount: UNPACK,
  network: 'see --network of "berth run": none, host, pasta, slirp4netns, container:NAME',
  play: SERVICES,
  pod: 'join containers by --network container:NAME, --ipc and --pid',
  quadlet: UNIT,
  search: 'look on the registry\'s web page, then "berth pull NAME"',
  secret: 'berth run --volume FILE:/run/secrets/NAME:ro',
  stats: 'berth top CONTAINER',
  'system events': 'berth wait CONTAINER, and berth ps --filter status=STATUS',
  'system service': 'every command works by itself, and needs no service',
  trust: POLICY,
  umount: UNPACK,
  unmount: UNPACK,
  update: 'make the container again: berth run --replace --name NAME with other limits',
  'volume mount': 'berth volume inspect --format {{.Mountpoint}} VOLUME',
};

const ONE_MACHINE = 'berth runs containers on this machine only; see "berth run --help"';
const NO_SERVICE = 'there is no service to talk to: run berth on that machine';
const KEPT = 'berth pause CONTAINER freezes it, berth commit CONTAINER IMAGE keeps its files';
const NOTHING_TO_MEND = 'there is nothing to migrate or to clean up; see "berth system check"';

/** Commands that make no sense without a daemon, a cluster or a virtual machine. */
const NEVER: Readonly<Record<string, string>> = {
  checkpoint: KEPT,
  config: ONE_MACHINE,
  'container cleanup': NOTHING_TO_MEND,
  'container restore': KEPT,
  context: NO_SERVICE,
  farm: ONE_MACHINE,
  machine: 'berth needs no machine: it runs containers of this one',
  node: ONE_MACHINE,
  plugin: 'there are no plug-ins; "berth volume create --help" shows what volumes can be',
  service: ONE_MACHINE,
  stack: ONE_MACHINE,
  swarm: ONE_MACHINE,
  'system connection': NO_SERVICE,
  'system migrate': NOTHING_TO_MEND,
  'system renumber': NOTHING_TO_MEND,
};

/** What Berth says about a command that Podman or Docker has. */
export interface AbsentCommand {
  reason: string;
  instead: string;
}

/**
 * Undefined for any other word. A word of the group `container` is also looked up without it.
 */
export function absentCommand(
  group: string | undefined,
  word: string,
): AbsentCommand | undefined {
  const names = group === undefined ? [word] : [`${group} ${word}`];
  if (group === 'container') names.push(word);
  for (const name of names) {
    const later = ownValue(LATER, name);
    if (later !== undefined) return { reason: 'not supported yet', instead: later };
    const never = ownValue(NEVER, name);
    if (never !== undefined) return { reason: 'it has no place here', instead: never };
  }
  return undefined;
}

function ownValue(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** All words that absentCommand() knows. */
export function absentCommands(): string[] {
  return [...Object.keys(LATER), ...Object.keys(NEVER)];
}
