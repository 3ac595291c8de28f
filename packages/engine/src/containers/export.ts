/** `export`: the files of a container, as its image and its own changes make them, as a tar. */
import { spawnWorker } from '@berth/isolation';
import { exportWorkerArguments } from '@berth/layers';
import type { Engine } from '../engine.ts';
import { withOutputFile } from '../images/output-file.ts';
import { endOfWorker } from '../images/layer-content.ts';
import { ownFiles, wholeTree } from './own-files.ts';

/** The complete archive is at `output`; undefined is standard output. Volumes are left out. */
export async function exportContainer(
  engine: Engine,
  name: string,
  output: string | undefined,
): Promise<void> {
  const files = ownFiles(engine, engine.store.containers.resolve(name));
  const args = exportWorkerArguments({
    folders: wholeTree(files), owners: files.owners, hasRoot: false,
  });
  await withOutputFile(output, async (fd) => {
    const worker = spawnWorker(engine.enter, ['export', ...args], ['ignore', fd, 'pipe']);
    await endOfWorker(worker, `export container "${name}"`);
  });
}
