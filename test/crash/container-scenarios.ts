/** Containers: the commands of their life cycle. */
import { giveCgroup } from '../e2e/own-cgroup.ts';
import { create, gone, NONE, runs, type Scenarios } from './ground.ts';

export const CONTAINER_SCENARIOS: Scenarios = {
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
    args: ({ image }) => ['container', 'run', '--rm', ...NONE, '--name', 'c', image, 'true'],
    next: async (ground) => {
      await gone(ground);
      await ground.lab.ok(['run', '--rm', ...NONE, '--name', 'c', ground.image, 'true']);
    },
  },
  'run again': {
    calls: 115,
    prepare: async ({ lab, image }) => {
      await lab.ok(['run', '--rm', ...NONE, '--name', 'c', image, 'true']);
    },
    args: ({ image }) => ['run', '--rm', ...NONE, '--name', 'c', image, 'true'],
    next: async (ground) => {
      await gone(ground);
      await ground.lab.ok(['run', '--rm', ...NONE, '--name', 'c', ground.image, 'true']);
    },
  },
  'run -d': {
    calls: 135,
    args: ({ image }) => ['container', 'run', '-d', ...NONE, '--name', 'c', image, 'sleep', '1000'],
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
  'exec -d': {
    calls: 11,
    prepare: runs,
    args: () => ['exec', '-d', 'c', 'true'],
    next: async ({ lab }) => {
      await lab.ok(['exec', '-d', 'c', 'true']);
      await lab.ok(['exec', 'c', 'true']);
    },
  },
  kill: {
    calls: 8,
    prepare: runs,
    args: () => ['kill', 'c'],
    next: async ({ lab }) => {
      await lab.berth(['kill', 'c']);
      await lab.ok(['wait', 'c']);
      await lab.ok(['start', 'c']);
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
};
