/**
 * The commands that are stopped in the middle: what is there before, how they are called, and
 * what must work afterwards, whatever was left.
 */
import { readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab } from '../e2e/harness.ts';
import { giveCgroup } from '../e2e/own-cgroup.ts';
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
  /** What it can't do without, besides the ground. */
  readonly needs?: 'registry' | 'freezer';
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
const push = ({ image, remote }: Ground): string[] =>
  ['push', '-q', '--tls-verify=false', image, remote.replace('extra', 'pushed')];
const pull = ({ remote }: Ground): string[] => ['pull', '-q', '--tls-verify=false', remote];

/** By name, in the order in which they are run. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  pull: { calls: 110, needs: 'registry', args: pull, next: again(pull) },
  push: { calls: 30, needs: 'registry', args: push, next: again(push) },
  load: { calls: 110, args: load, next: again(load) },
  import: { calls: 110, args: importTree, next: again(importTree) },
  save: {
    calls: 10,
    args: ({ lab, image }) => ['save', '-q', '-o', path.join(lab.folder, 'saved'), image],
    next: async ({ lab, image }) => {
      const saved = path.join(lab.folder, 'saved');
      await lab.ok(['save', '-q', '-o', saved, image]);
      await lab.ok(['load', '-q', '-i', saved]);
      rmSync(saved);
    },
  },
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
  restart: {
    calls: 130,
    prepare: runs,
    args: () => ['restart', '-t', '0', 'c'],
    next: async ({ lab }) => {
      await lab.ok(['restart', '-t', '0', 'c']);
      await lab.ok(['exec', 'c', 'true']);
    },
  },
  pause: {
    calls: 5,
    needs: 'freezer',
    prepare: async ({ lab, ...ground }) => {
      await runs({ lab, ...ground });
      await giveCgroup(lab, 'c');
    },
    args: () => ['pause', 'c'],
    next: async ({ lab }) => {
      await lab.berth(['unpause', 'c']);
      await lab.ok(['pause', 'c']);
      await lab.ok(['unpause', 'c']);
      await lab.ok(['exec', 'c', 'true']);
    },
  },
  unpause: {
    calls: 5,
    needs: 'freezer',
    prepare: async ({ lab, ...ground }) => {
      await runs({ lab, ...ground });
      await giveCgroup(lab, 'c');
      await lab.ok(['pause', 'c']);
    },
    args: () => ['unpause', 'c'],
    next: async ({ lab }) => {
      await lab.berth(['unpause', 'c']);
      await lab.ok(['exec', 'c', 'true']);
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
  'volume prune': {
    calls: 40,
    prepare: async ({ lab }) => {
      await lab.ok(['volume', 'create', 'v']);
      await lab.ok(['volume', 'create', 'w']);
    },
    args: () => ['volume', 'prune', '-f'],
    next: async ({ lab }) => {
      await lab.ok(['volume', 'create', '--ignore', 'v']);
      await lab.ok(['volume', 'prune', '-f', '--all']);
      await lab.ok(['volume', 'create', 'v']);
    },
  },
  'system check --repair': {
    calls: 120,
    prepare: async (ground) => {
      const { lab } = ground;
      await loaded(ground);
      await create(ground);
      await lab.ok(['volume', 'create', 'v']);
      spoil(lab);
    },
    args: () => ['system', 'check', '--repair', '--force'],
    next: async (ground) => {
      await ground.lab.ok(['system', 'check', '--repair', '--force']);
      await ground.lab.ok(['system', 'check']);
      await loaded(ground);
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

/** Of everything that a repair mends or gives up there is one: the base image stays sound. */
function spoil(lab: Lab): void {
  const data = path.join(lab.data, 'v1');
  rmSync(path.join(data, 'volumes/v/record.json'));
  symlinkSync('1'.repeat(64), path.join(data, 'images/names/localhost+nothing:1'));
  symlinkSync('2'.repeat(64), path.join(data, 'containers/names/nobody'));
  const container = readlinkSync(path.join(data, 'containers/names/c'));
  writeFileSync(path.join(data, 'containers', container, 'spec.json'), '{');
  const extra = readlinkSync(path.join(data, 'images/names', EXTRA.replace('/', '+')));
  writeFileSync(path.join(data, 'images', extra, 'record.json'), '');
}

/** The base image is in the store, the other in an archive and, where there is one, a registry. */
export async function prepareGround(lab: Lab, registry: Registry | undefined): Promise<Ground> {
  const image = await lab.image();
  const { archive } = archiveOf({ name: EXTRA, layers: [{ '/only': 'here' }] }, lab.folder);
  registry?.push(`oci-archive:${archive}`, 'extra:1');
  return { lab, image, archive, remote: `${registry?.host ?? 'none'}/extra:1` };
}
