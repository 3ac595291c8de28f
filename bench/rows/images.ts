/**
 * Rows for getting images: from a registry, from archives; and what they take on disk.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { labImage } from '../../test/lab/probes.ts';
import { startRegistry } from '../../test/lab/registry.ts';
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
    measure: async (ground, rounds) =>
      getting(ground, { title: 'load', rounds, args: ['load', '-q', '-i', labImage('services')] }),
  },
  {
    name: 'import',
    rounds: 3,
    measure: async (ground, rounds) => {
      const args = ['import', '-q', treeOf(ground, 'services'), 'localhost/imported:latest'];
      return getting(ground, { title: 'import', rounds, args });
    },
  },
  {
    name: 'push',
    rounds: 3,
    measure: async (ground, rounds) => giving(ground, { title: 'push', rounds, run: pushOnce }),
  },
  saveRow('save', []),
  saveRow('save-oci', ['--format', 'oci-archive']),
];

function pullRow(row: string, image: string): Row {
  return {
    name: row,
    rounds: 3,
    measure: async (ground, rounds) => {
      const registry = await ground.registry();
      registry.push(`oci-archive:${labImage(image)}`, `${image}:1`);
      const args = ['pull', '-q', '--tls-verify=false', `${registry.host}/${image}:1`];
      return getting(ground, { title: `pull of ${image}`, rounds, args });
    },
  };
}

function saveRow(row: string, flags: readonly string[]): Row {
  const run = async (ground: Ground, { engine, root, image }: Giving): Promise<Usage> => {
    const archive = path.join(ground.folder, 'saved.tar');
    const usage = engine.usage('--root', root, 'save', '-q', ...flags, '-o', archive, image);
    rmSync(archive);
    return usage;
  };
  const title = ['save', ...flags].join(' ');
  return {
    name: row,
    rounds: 3,
    measure: async (ground, rounds) => giving(ground, { title, rounds, run }),
  };
}

/** To a registry that has nothing of it: others would be asked to mount what they have. */
async function pushOnce(ground: Ground, { engine, root, image }: Giving): Promise<Usage> {
  const registry = await startRegistry(ground.folder);
  try {
    const target = `${registry.host}/pushed:1`;
    return engine.usage('--root', root, 'push', '-q', '--tls-verify=false', image, target);
  } finally {
    await registry.stop();
  }
}

interface Getting {
  title: string;
  rounds: number;
  args: readonly string[];
}

/** Time, processor time and peak memory of a command that gets an image that isn't there yet. */
async function getting(ground: Ground, { title, rounds, args }: Getting): Promise<Line[]> {
  return usageOf(ground, { title, rounds }, async (engine) =>
    engine.usage('--root', newStore(engine), ...args));
}

/** An image in a store of its own. */
interface Giving {
  engine: Engine;
  root: string;
  image: string;
}

interface GivingRow {
  title: string;
  rounds: number;
  run(ground: Ground, giving: Giving): Promise<Usage>;
}

/** The same of a command that gives the services image away. */
async function giving(ground: Ground, { title, rounds, run }: GivingRow): Promise<Line[]> {
  const roots = new Map<Engine, string>();
  for (const engine of ground.engines()) {
    roots.set(engine, newStore(engine));
    engine.run('--root', roots.get(engine) ?? '', 'load', '-q', '-i', labImage('services'));
  }
  return usageOf(ground, { title, rounds }, async (engine) =>
    run(ground, { engine, root: roots.get(engine) ?? '', image: 'localhost/services:latest' }));
}

/**
 * A store that nothing was removed from. ext4 looks at each inode that was freed in the last
 * minutes whenever a file is made in its group (fs/ext4/ialloc.c, recently_deleted), and making a
 * file takes ten times as long after an image was removed. So stores go when the bench ends.
 */
export function newStore(engine: Engine): string {
  const root = mkdtempSync(path.join(engine.home, 'store-'));
  engine.run('--root', root, 'images');
  return root;
}

async function usageOf(
  ground: Ground,
  { title, rounds }: Pick<Getting, 'title' | 'rounds'>,
  sample: (engine: Engine) => Promise<Usage>,
): Promise<Line[]> {
  const usages = new Map<string, Usage[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const engine of ground.engines()) {
      usages.set(engine.name, [...usages.get(engine.name) ?? [], await sample(engine)]);
    }
  }
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
export function treeOf(ground: Ground, image: string): string {
  const tree = path.join(ground.folder, `${image}-tree.tar`);
  const layout = path.join(ground.folder, `${image}-dir`);
  execFileSync('skopeo', ['copy', '--quiet', '--insecure-policy', '--dest-decompress',
    `oci-archive:${labImage(image)}`, `dir:${layout}`]);
  const manifest = execFileSync('cat', [path.join(layout, 'manifest.json')], { encoding: 'utf8' });
  const { layers } = JSON.parse(manifest) as { layers: { digest: string }[] };
  execFileSync('mv', [path.join(layout, (layers[0]?.digest ?? '').replace('sha256:', '')), tree]);
  return tree;
}
