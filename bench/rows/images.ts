/**
 * Rows for getting images: from a registry, from archives; and what they take on disk.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { labImage } from '../../test/lab/probes.ts';
import type { Engine, Usage } from '../engine.ts';
import type { Ground } from '../ground.ts';
import { median } from '../measure.ts';
import type { Line, Row } from '../row.ts';

const MIB = 1 << 20;
const PEAK_LIMIT_MIB = 200;

/** The rows of this file. */
export const imageRows: readonly Row[] = [
  pullRow('pull', 'services'),
  pullRow('pull-12', 'layers'),
  {
    name: 'load',
    rounds: 3,
    measure: async (ground, rounds) => {
      const name = 'localhost/services:latest';
      return getting(ground, { title: 'load', name, rounds, args: () =>
        ['load', '-q', '-i', labImage('services')] });
    },
  },
  {
    name: 'import',
    rounds: 3,
    measure: async (ground, rounds) => {
      const name = 'localhost/imported:latest';
      const tree = treeOf(ground, 'services');
      return getting(ground, { title: 'import', name, rounds, args: () =>
        ['import', '-q', tree, name] });
    },
  },
  { name: 'disk', rounds: 1, measure: measureDisk },
];

function pullRow(row: string, image: string): Row {
  return {
    name: row,
    rounds: 3,
    measure: async (ground, rounds) => {
      const registry = await ground.registry();
      registry.push(`oci-archive:${labImage(image)}`, `${image}:1`);
      const name = `${registry.host}/${image}:1`;
      return getting(ground, { title: `pull of ${image}`, name, rounds, args: () =>
        ['pull', '-q', '--tls-verify=false', name] });
    },
  };
}

interface Getting {
  title: string;
  name: string;
  rounds: number;
  args(): string[];
}

/** Time, processor time and peak memory of a command that gets an image that isn't there yet. */
async function getting(ground: Ground, { title, name, rounds, args }: Getting): Promise<Line[]> {
  const usages = new Map<string, Usage[]>();
  const record = (engine: Engine): void => {
    usages.set(engine.name, [...usages.get(engine.name) ?? [], engine.usage(...args())]);
    engine.run('rmi', name);
  };
  for (let round = 0; round < rounds; round += 1) ground.engines().forEach(record);
  const medians = (pick: (usage: Usage) => number): Record<string, number> =>
    Object.fromEntries([...usages].map(([engine, list]) => [engine, median(list.map(pick))]));
  return [
    { title: `${title}, wall`, unit: 'ms', medians: medians(({ wallMs }) => wallMs),
      goals: [{ share: 1 / 2, of: 'podman' }] },
    { title: `${title}, user CPU`, unit: 'ms', medians: medians(({ userMs }) => userMs),
      goals: [{ share: 1 / 3, of: 'podman' }] },
    { title: `${title}, peak memory`, unit: 'MiB', atMost: PEAK_LIMIT_MIB,
      medians: medians(({ peakBytes }) => peakBytes / MIB) },
  ];
}

/** The tree of a lab image as one tar file: its only layer, unpacked. */
function treeOf(ground: Ground, image: string): string {
  const tree = path.join(ground.folder, `${image}-tree.tar`);
  const layout = path.join(ground.folder, `${image}-dir`);
  execFileSync('skopeo', ['copy', '--quiet', '--insecure-policy', '--dest-decompress',
    `oci-archive:${labImage(image)}`, `dir:${layout}`]);
  const manifest = execFileSync('cat', [path.join(layout, 'manifest.json')], { encoding: 'utf8' });
  const { layers } = JSON.parse(manifest) as { layers: { digest: string }[] };
  execFileSync('mv', [path.join(layout, (layers[0]?.digest ?? '').replace('sha256:', '')), tree]);
  return tree;
}

async function measureDisk(ground: Ground): Promise<Line[]> {
  const tree = treeOf(ground, 'services');
  const unpacked = path.join(ground.folder, 'unpacked');
  execFileSync('unshare', ['--map-root-user', '--map-auto', 'sh', '-c',
    'mkdir "$1" && tar -C "$1" -xf "$2"', 'sh', unpacked, tree]);
  const medians: Record<string, number> = { tree: diskMib(unpacked) };
  for (const engine of ground.engines()) {
    const before = diskMib(engine.home);
    engine.run('load', '-q', '-i', labImage('services'));
    medians[engine.name] = diskMib(engine.home) - before;
  }
  return [{
    title: 'disk for an image', unit: 'MiB', medians, goals: [{ share: 1.1, of: 'tree' }],
  }];
}

function diskMib(folder: string): number {
  const words = ['--map-root-user', '--map-auto', 'du', '-sk', folder];
  return parseInt(execFileSync('unshare', words, { encoding: 'utf8' }), 10) / 1024;
}
