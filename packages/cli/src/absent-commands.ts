/**
 * Commands of Podman and Docker that Berth has not: who types one is told what does the same here.
 */

/** What later versions may have. */
const LATER: Readonly<Record<string, string>> = {
  build: 'make it elsewhere and "berth load" it, or "berth import" a tree',
  buildx: 'make it elsewhere and "berth load" it, or "berth import" a tree',
  compose: 'start each service with "berth run", joined by --network container:NAME',
  cp: 'berth exec CONTAINER cat PATH >FILE; berth exec -i CONTAINER tee PATH <FILE >/dev/null',
  events: 'berth wait CONTAINER, and berth ps --filter status=STATUS',
  generate: 'a unit with ExecStart=berth run --rm --name NAME IMAGE',
  healthcheck: 'berth exec CONTAINER COMMAND',
  init: 'berth create makes a container, berth start runs it',
  kube: 'start each container with "berth run", joined by --network container:NAME',
  manifest: 'berth pull --platform OS/ARCH, and berth push, for each platform',
  mount: 'berth export CONTAINER | tar -x -C FOLDER',
  network: 'see --network of "berth run": none, host, pasta, slirp4netns, container:NAME',
  play: 'start each container with "berth run", joined by --network container:NAME',
  pod: 'join containers by --network container:NAME, --ipc and --pid',
  quadlet: 'a unit with ExecStart=berth run --rm --name NAME IMAGE',
  search: 'look on the registry\'s web page, then "berth pull NAME"',
  secret: 'berth run --volume FILE:/run/secrets/NAME:ro',
  stats: 'berth top CONTAINER',
  update: 'make it again: berth run --replace --name NAME with other limits',
};

const ONE_MACHINE = 'berth runs containers of this machine alone; see "berth run --help"';

/** What has no place where there is neither a daemon nor a cluster nor a virtual machine. */
const NEVER: Readonly<Record<string, string>> = {
  checkpoint: 'berth pause CONTAINER holds it, berth commit CONTAINER IMAGE keeps its files',
  config: ONE_MACHINE,
  context: 'there is no service to talk to: run berth on that machine',
  farm: ONE_MACHINE,
  machine: 'berth needs no machine: it runs containers of this one',
  node: ONE_MACHINE,
  plugin: 'there are no plug-ins; "berth volume create --help" shows what volumes can be',
  service: ONE_MACHINE,
  stack: ONE_MACHINE,
  swarm: ONE_MACHINE,
};

/** What there is to say of a command that others have. */
export interface AbsentCommand {
  reason: string;
  instead: string;
}

/** Undefined for any other word. */
export function absentCommand(word: string): AbsentCommand | undefined {
  if (Object.hasOwn(LATER, word)) {
    return { reason: 'not supported yet', instead: LATER[word] ?? '' };
  }
  const instead = Object.hasOwn(NEVER, word) ? NEVER[word] : undefined;
  return instead === undefined ? undefined : { reason: 'it has no place here', instead };
}

/** All words that absentCommand() knows. */
export function absentCommands(): string[] {
  return [...Object.keys(LATER), ...Object.keys(NEVER)];
}
