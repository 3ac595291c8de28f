/**
 * The commands that are stopped in the middle: what is there before, how they are called, and
 * what must work afterwards, whatever was left.
 */
import type { Lab } from '../e2e/harness.ts';
import { archiveOf } from '../lab/images.ts';
import type { Registry } from '../lab/registry.ts';

/** What the scenarios work on. */
export interface Ground {
  readonly lab: Lab;
  /** An image that is in the store all the time. */
  readonly image: string;
  /** An archive with another image, `EXTRA`; as a tree to import it serves as well. */
  readonly archive: string;
  /** The same image in a registry. */
  readonly remote: string;
}

/** One command to be stopped at each of its calls. */
export interface Scenario {
  /** About so many calls are counted until its end. */
  readonly calls: number;
  prepare?(ground: Ground): Promise<void>;
  args(ground: Ground): readonly string[];
  /** The next command: it works whether the first came to its end, or to nothing. */
  next(ground: Ground): Promise<void>;
}

/** Name of the image that load, pull and import make. */
export const EXTRA = 'localhost/extra:1';

const NONE = ['--network', 'none'];

async function create({ lab, image }: Ground): Promise<void> {
  await lab.ok(['create', ...NONE, '--name', 'c', '-v', '/data', image, 'sleep', '1000']);
}

async function runs(ground: Ground): Promise<void> {
  await ground.lab.ok(['run', '-d', ...NONE, '--name', 'c', ground.image, 'sleep', '1000']);
}

async function loaded({ lab, archive }: Ground): Promise<void> {
  await lab.ok(['load', '-q', '-i', archive]);
}

/** The command again: it must succeed now. */
function again(args: (ground: Ground) => readonly string[]): Scenario['next'] {
  return async (ground) => {
    await ground.lab.ok(args(ground));
  };
}

async function gone({ lab }: Ground): Promise<void> {
  await lab.ok(['rm', '-f', '-t', '0', 'c']);
}

const load = ({ archive }: Ground): string[] => ['load', '-q', '-i', archive];
const importTree = ({ archive }: Ground): string[] => ['import', '-q', archive, EXTRA];
const pull = ({ remote }: Ground): string[] => ['pull', '-q', '--tls-verify=false', remote];

/** By name, in the order in which they are run. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  pull: { calls: 110, args: pull, next: again(pull) },
  load: { calls: 110, args: load, next: again(load) },
  import: { calls: 110, args: importTree, next: again(importTree) },
  tag: {
    calls: 20,
    args: ({ image }) => ['tag', image, 'localhost/more:1'],
    next: async ({ lab, image }) => {
      await lab.ok(['tag', image, 'localhost/more:1']);
      await lab.ok(['rmi', 'localhost/more:1']);
    },
  },
  rmi: {
    calls: 90,
    prepare: loaded,
    args: () => ['rmi', EXTRA],
    next: again(load),
  },
  'image prune': {
    calls: 90,
    prepare: async (ground) => {
      await create(ground);
      await loaded(ground);
    },
    args: () => ['image', 'prune', '-a', '-f'],
    next: async (ground) => {
      await loaded(ground);
      await ground.lab.ok(['run', '--rm', ...NONE, EXTRA, 'true']);
    },
  },
  create: {
    calls: 30,
    args: ({ image }) => ['create', ...NONE, '--name', 'c', '-v', '/data', image, 'true'],
    next: async (ground) => {
      await gone(ground);
      await create(ground);
    },
  },
  run: {
    calls: 150,
    args: ({ image }) => ['run', '--rm', ...NONE, '--name', 'c', image, 'true'],
    next: async (ground) => {
      await gone(ground);
      await ground.lab.ok(['run', '--rm', ...NONE, '--name', 'c', ground.image, 'true']);
    },
  },
  'run -d': {
    calls: 135,
    args: ({ image }) => ['run', '-d', ...NONE, '--name', 'c', image, 'sleep', '1000'],
    next: async (ground) => {
      await gone(ground);
      await runs(ground);
    },
  },
  'run -d with a network': {
    calls: 150,
    args: ({ image }) => ['run', '-d', '-v', 'v:/data', '--name', 'c', image, 'sleep', '1000'],
    next: gone,
  },
  start: {
    calls: 120,
    prepare: create,
    args: () => ['start', 'c'],
    next: async ({ lab }) => {
      await lab.ok(['start', 'c']);
      await lab.ok(['exec', 'c', 'true']);
    },
  },
  exec: {
    calls: 11,
    prepare: runs,
    args: () => ['exec', 'c', 'true'],
    next: async ({ lab }) => {
      await lab.ok(['exec', 'c', 'true']);
    },
  },
  stop: {
    calls: 8,
    prepare: runs,
    args: () => ['stop', '-t', '0', 'c'],
    next: async ({ lab }) => {
      await lab.ok(['stop', '-t', '0', 'c']);
      await lab.ok(['start', 'c']);
    },
  },
  rename: {
    calls: 15,
    prepare: create,
    args: () => ['rename', 'c', 'd'],
    next: async ({ lab }) => {
      const { status } = await lab.berth(['container', 'exists', 'd']);
      await lab.ok(['rename', status === 0 ? 'd' : 'c', 'c']);
    },
  },
  rm: { calls: 70, prepare: create, args: () => ['rm', '-v', 'c'], next: gone },
  'rm -f': { calls: 80, prepare: runs, args: () => ['rm', '-f', '-t', '0', 'c'], next: gone },
  'container prune': {
    calls: 70,
    prepare: create,
    args: () => ['container', 'prune', '-f'],
    next: async (ground) => {
      await gone(ground);
      await create(ground);
    },
  },
  'volume create': {
    calls: 15,
    args: () => ['volume', 'create', 'v'],
    next: async ({ lab }) => {
      await lab.ok(['volume', 'create', '--ignore', 'v']);
    },
  },
  'volume rm': {
    calls: 40,
    prepare: async ({ lab }) => {
      await lab.ok(['volume', 'create', 'v']);
    },
    args: () => ['volume', 'rm', 'v'],
    next: async ({ lab }) => {
      await lab.ok(['volume', 'create', '--ignore', 'v']);
    },
  },
  'system prune': {
    calls: 120,
    prepare: async (ground) => {
      await loaded(ground);
      await ground.lab.ok(['untag', EXTRA]);
      await create(ground);
      await ground.lab.ok(['volume', 'create', 'v']);
    },
    args: () => ['system', 'prune', '-f', '--volumes'],
    next: loaded,
  },
};

/** The base image is in the store, the other in an archive and, where there is one, a registry. */
export async function prepareGround(lab: Lab, registry: Registry | undefined): Promise<Ground> {
  const image = await lab.image();
  const { archive } = archiveOf({ name: EXTRA, layers: [{ '/only': 'here' }] }, lab.folder);
  registry?.push(`oci-archive:${archive}`, 'extra:1');
  return { lab, image, archive, remote: `${registry?.host ?? 'none'}/extra:1` };
}
