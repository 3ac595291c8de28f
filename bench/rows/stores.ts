/**
 * Rows for what is in a store: what it takes on disk, how fast it is checked, and how soon its
 * images run under other owners.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { labImage } from '../../test/lab/probes.ts';
import type { Engine } from '../engine.ts';
import type { Ground } from '../ground.ts';
import { inTurns, median } from '../measure.ts';
import type { Line, Row } from '../row.ts';
import { newStore, treeOf } from './images.ts';

const SERVICES = 'localhost/services:latest';
const FIRST_RUN_LIMIT_MS = 2000;
const LATER_RUNS = 20;

/** The rows of this file. */
export const storeRows: readonly Row[] = [
  { name: 'disk', rounds: 1, measure: measureDisk },
  { name: 'check', rounds: 3, measure: measureCheck },
  { name: 'keep-id', rounds: 3, measure: measureKeepId },
];

async function measureDisk(ground: Ground): Promise<Line[]> {
  const tree = treeOf(ground, 'services');
  const unpacked = path.join(ground.folder, 'unpacked');
  asRoot('sh', '-c', 'mkdir "$1" && tar -C "$1" -xf "$2"', 'sh', unpacked, tree);
  const medians: Record<string, number> = { tree: diskMib(unpacked) };
  asRoot('rm', '-rf', unpacked);
  for (const engine of ground.engines()) {
    const before = diskMib(engine.home);
    engine.run('load', '-q', '-i', labImage('services'));
    medians[engine.name] = diskMib(engine.home) - before;
  }
  return [{
    title: 'disk for an image', unit: 'MiB', medians, goals: [{ share: 1.1, of: 'tree' }],
  }];
}

/** Against the hashes alone, on all processors. */
async function measureCheck(ground: Ground, rounds: number): Promise<Line[]> {
  const [berth] = ground.engines();
  if (berth === undefined) return [];
  const root = storeWithServices(berth);
  const hash = 'find "$1" -type f -print0 | xargs -0 -n 100 -P "$(nproc)" sha256sum >/dev/null';
  const medians = await inTurns({
    berth: async () => berth.time('--root', root, 'system', 'check'),
    sha256sum: async () => {
      const begin = performance.now();
      asRoot('sh', '-c', hash, 'sh', root);
      return performance.now() - begin;
    },
  }, rounds);
  return [{
    title: 'system check', unit: 'ms', medians, goals: [{ share: 1, of: 'sha256sum' }],
  }];
}

/** The first run gives all files their owners, in a store of its own each time. */
async function measureKeepId(ground: Ground, rounds: number): Promise<Line[]> {
  const [berth] = ground.engines();
  if (berth === undefined) return [];
  const first: number[] = [];
  let root = '';
  const run = async (...flags: string[]): Promise<number> =>
    berth.time('--root', root, 'run', '--rm', '--network', 'none', ...flags, SERVICES, 'true');
  for (let round = 0; round < rounds; round += 1) {
    root = storeWithServices(berth);
    first.push(await run('--userns', 'keep-id'));
  }
  const { mapped = 0, plain = 0 } = await inTurns({
    mapped: async () => run('--userns', 'keep-id'),
    plain: async () => run(),
  }, LATER_RUNS);
  return [
    { title: 'run --userns keep-id, the first of an image', unit: 'ms',
      medians: { berth: median(first) }, atMost: FIRST_RUN_LIMIT_MS },
    { title: 'run --userns keep-id, later ones', unit: 'ms',
      medians: { berth: mapped, 'without the flag': plain } },
  ];
}

function storeWithServices(engine: Engine): string {
  const root = newStore(engine);
  engine.run('--root', root, 'load', '-q', '-i', labImage('services'));
  return root;
}

function diskMib(folder: string): number {
  return parseInt(asRoot('du', '-sk', folder), 10) / 1024;
}

/** Runs a program as root of a user namespace with the user's subordinate ids; its output. */
function asRoot(...words: readonly string[]): string {
  return execFileSync('unshare', ['--map-root-user', '--map-auto', ...words], { encoding: 'utf8' });
}
