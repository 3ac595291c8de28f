/** Images: the commands that bring, name, give away and remove them. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { again, create, EXTRA, gone, loaded, NONE, type Ground, type Scenarios } from './ground.ts';

const load = ({ archive }: Ground): string[] => ['load', '-q', '-i', archive];
const importTree = ({ archive }: Ground): string[] => ['import', '-q', archive, EXTRA];
const push = ({ image, remote }: Ground): string[] =>
  ['push', '-q', '--tls-verify=false', image, remote.replace('extra', 'pushed')];
const commit = (): string[] => ['commit', '-q', 'c', EXTRA];
const pull = ({ remote }: Ground): string[] => ['pull', '-q', '--tls-verify=false', remote];

export const IMAGE_SCENARIOS: Scenarios = {
  pull: { calls: 110, needs: 'registry', args: pull, next: again(pull) },
  push: { calls: 30, needs: 'registry', args: push, next: again(push) },
  load: { calls: 110, args: load, next: again(load) },
  import: { calls: 110, args: importTree, next: again(importTree) },
  save: {
    calls: 10,
    args: ({ lab, image }) => ['save', '-q', '-o', path.join(lab.folder, 'saved'), image],
    next: async ({ lab, image }) => {
      const saved = path.join(lab.folder, 'saved');
      rmSync(saved, { force: true });
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
  untag: {
    calls: 20,
    prepare: async (ground) => {
      await loaded(ground);
      await ground.lab.ok(['tag', EXTRA, 'localhost/more:1']);
    },
    args: () => ['untag', EXTRA, 'localhost/more:1'],
    next: async ({ lab }) => {
      await lab.berth(['untag', EXTRA, 'localhost/more:1']);
      assert.equal((await lab.berth(['image', 'exists', 'localhost/more:1'])).status, 1);
      await lab.ok(['run', '--rm', ...NONE, EXTRA, 'true']);
    },
  },
  commit: {
    calls: 110,
    prepare: async ({ lab, image }) => {
      await lab.ok(['run', ...NONE, '--name', 'c', image, 'touch', '/new']);
    },
    args: commit,
    next: async ({ lab, ...ground }) => {
      await lab.ok(commit());
      await lab.ok(['run', '--rm', ...NONE, EXTRA, 'ls', '/new']);
      await gone({ lab, ...ground });
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
};
