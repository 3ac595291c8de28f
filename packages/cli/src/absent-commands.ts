/**
 * Commands of Podman and Docker that Berth has not: who types one is told what does the same here.
 */

const ABSENT: Readonly<Record<string, string>> = {
  build: 'make it elsewhere and "berth load" it, or "berth import" a tree',
  buildx: 'make it elsewhere and "berth load" it, or "berth import" a tree',
  compose: 'start each service with "berth run", joined by --network container:NAME',
  cp: 'berth exec CONTAINER cat PATH >FILE; berth exec -i CONTAINER tee PATH <FILE >/dev/null',
  events: 'berth wait CONTAINER, and berth ps --filter status=STATUS',
  generate: 'a unit with ExecStart=berth run --rm --name NAME IMAGE',
  healthcheck: 'berth exec CONTAINER COMMAND',
  kube: 'start each container with "berth run", joined by --network container:NAME',
  machine: 'berth needs no machine: it runs containers of this one',
  mount: 'berth export CONTAINER | tar -x -C FOLDER',
  network: 'see --network of "berth run": none, host, pasta, slirp4netns, container:NAME',
  pod: 'join containers by --network container:NAME, --ipc and --pid',
  quadlet: 'a unit with ExecStart=berth run --rm --name NAME IMAGE',
  search: 'look on the registry\'s web page, then "berth pull NAME"',
  secret: 'berth run --volume FILE:/run/secrets/NAME:ro',
  stats: 'berth top CONTAINER',
  update: 'make it again: berth run --replace --name NAME with other limits',
};

/** What to do instead of a command that others have, or undefined. */
export function insteadOf(word: string): string | undefined {
  return Object.hasOwn(ABSENT, word) ? ABSENT[word] : undefined;
}

/** All words that insteadOf() knows. */
export function absentCommands(): string[] {
  return Object.keys(ABSENT);
}
