/** `volume export` and `volume import`: the content of a volume as a tar, and back. */
import type { ChildProcess } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { EngineError, IntegrityError, UnsupportedError } from '@berth/errors';
import { spawnWorker } from '@berth/isolation';
import { exportWorkerArguments, unpackWorkerArguments } from '@berth/layers';
import type { Engine } from '../engine.ts';
import { openImportInput } from '../images/import-input.ts';
import { endOfWorker } from '../images/layer-content.ts';
import type { LayerContent } from '../images/layer-worker.ts';
import { withOutputFile } from '../images/output-file.ts';
import { volumeSource } from './volume-options.ts';

/**
 * The complete archive is at `output`; undefined is standard output. It has the folder of the
 * volume too, whose owner and mode belong to the content.
 */
export async function exportVolume(
  engine: Engine,
  text: string,
  output: string | undefined,
): Promise<void> {
  const name = engine.store.volumes.resolve(text).name;
  const args = exportWorkerArguments({
    folders: [{ path: folderOf(engine, name, 'export'), marks: 'overlay' }],
    owners: undefined,
    hasRoot: true,
  });
  await withOutputFile(output, async (fd) => {
    const worker = spawnWorker(engine.enter, ['export', ...args], ['ignore', fd, 'pipe']);
    await endOfWorker(worker, `export volume "${name}"`);
  });
}

/**
 * What the archive `source` (a path, or `-`) has is in the volume, in place of files of the same
 * names. If the archive is damaged, what precedes the damage stays in the volume.
 */
export async function importVolume(engine: Engine, text: string, source: string): Promise<void> {
  const name = engine.store.volumes.resolve(text).name;
  const folder = folderOf(engine, name, 'import into');
  // Where one id is mapped, nothing is recorded in volumes (docs/identities.md).
  const owners = engine.idMaps.tier === 'single' ? 'recipe' : 'native';
  const args = unpackWorkerArguments({ folder, owners });
  const input = await openImportInput(source, `berth volume import ${name} -`);
  try {
    const { content } = input;
    const stdin = 'fd' in content ? content.fd : 'pipe';
    const worker = spawnWorker(engine.enter, ['unpack', ...args], [stdin, 'ignore', 'pipe']);
    const [fed, ended] = await Promise.allSettled([
      feed(worker, content), endOfWorker(worker, 'read the archive'),
    ]);
    if (fed.status === 'rejected') throw fed.reason;
    if (ended.status === 'rejected') throw ofImport(ended.reason, name);
  } finally {
    input.close();
  }
}

/** A worker that reads no more says why itself. */
async function feed({ stdin }: ChildProcess, content: LayerContent): Promise<void> {
  if ('fd' in content || stdin === null) return;
  try {
    await pipeline(content.chunks, stdin);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

function ofImport(error: unknown, name: string): unknown {
  if (!(error instanceof EngineError)) return error;
  const { code, message, hint } = error;
  const reason = message.replace(/^unpack layer: /, '');
  return new IntegrityError(code, `import into volume "${name}": ${reason}`, { hint });
}

function folderOf(engine: Engine, name: string, action: string): string {
  const source = volumeSource(engine, name);
  if (source.type === 'folder') return source.path;
  throw new UnsupportedError('VOLUME_IN_MEMORY', `${action} volume "${name}": its files are in ` +
    'memory, and only the container that has it sees them', {
    hint: 'berth exec -i CONTAINER tar …',
  });
}
