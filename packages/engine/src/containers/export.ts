/** `export`: the files of a container, as its image and its own changes make them, as a tar. */
import { spawnWorker } from '@berth/isolation';
import { exportWorkerArguments } from '@berth/layers';
import type { Engine } from '../engine.ts';
import { withOutputFile } from '../images/output-file.ts';
import { endOfWorker } from '../images/layer-content.ts';
import { mountedLayers } from '../images/mounted-layers.ts';
import type { BerthContainer } from './record.ts';

/** The archive is at `output`, whole; undefined is standard output. Volumes are left out. */
export async function exportContainer(
  engine: Engine,
  name: string,
  output: string | undefined,
): Promise<void> {
  const { containers, layers } = engine.store;
  const id = containers.resolve(name);
  const { root, upper, owners } = containers.paths(id);
  const record = containers.record<BerthContainer>(id);
  const mounted = mountedLayers(record.layers);
  const lowers = mounted.map((diffId) => layers.treePath(diffId));
  const recipes = mounted.map((diffId) => layers.recipePath(diffId));
  const args = exportWorkerArguments({
    folders: record.driver === 'copy' ? [root] : [upper, ...lowers],
    owners: record.emulatesRoot === true ? { ledger: owners, recipes } : undefined,
  });
  await withOutputFile(output, async (fd) => {
    const worker = spawnWorker(engine.enter, ['export', ...args], ['ignore', fd, 'pipe']);
    await endOfWorker(worker, `export container "${name}"`);
  });
}
