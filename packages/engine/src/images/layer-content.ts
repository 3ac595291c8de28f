/**
 * Layers of the store as blobs: the exact archive, from recipe and tree, plain or compressed. The
 * archive is made by a worker that is root in the user's namespace, and compressed by our own
 * helper: the zlib of each runtime would give other bytes.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { IntegrityError, SystemError } from '@berth/errors';
import { helperEnvironment, nativeHelper, spawnWorker } from '@berth/isolation';
import { readRecipe, reproduceWorkerArguments } from '@berth/layers';
import { Digester, type BlobContent, type Digest } from '@berth/oci';
import type { Engine } from '../engine.ts';

/** A layer that can be put somewhere. */
export interface LayerBlob {
  digest: Digest;
  sizeBytes: number;
  content: BlobContent;
}

/** How hard layers are compressed where nobody says: quickly, for 2 % of size on either side. */
export const DEFAULT_LEVEL = 1;

/** The plain archive of a layer. Throws IntegrityError when its recipe can't be read. */
export function plainLayer(engine: Engine, diffId: string): LayerBlob {
  const recipe = readRecipe(engine.store.layers.recipePath(diffId));
  recipe.close();
  return {
    digest: diffId as Digest,
    sizeBytes: recipe.archiveBytes,
    content: {
      stream: () => streamLayer(engine, diffId),
      writeTo: (fd) => writeLayer(engine, diffId, fd),
    },
  };
}

/** The layer as gzip, in a file of `folder`, whose owner removes it. */
export async function compressedLayer(
  engine: Engine,
  diffId: string,
  { folder, level = DEFAULT_LEVEL }: { folder: string; level?: number | undefined },
): Promise<LayerBlob> {
  const path = join(folder, `${diffId.replace('sha256:', '')}.gz`);
  const fd = openSync(path, 'wx', 0o600);
  try {
    await compressTo(engine, { diffId, level, fd });
  } finally {
    closeSync(fd);
  }
  const digester = new Digester();
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    digester.update(chunk);
    sizeBytes += chunk.length;
  }
  const content = { stream: () => createReadStream(path) as AsyncIterable<Uint8Array> };
  return { digest: digester.digest(), sizeBytes, content };
}

async function compressTo(
  engine: Engine,
  { diffId, level, fd }: { diffId: string; level: number; fd: number },
): Promise<void> {
  const helper = spawn(nativeHelper(), ['deflate', String(level)], {
    env: helperEnvironment(),
    stdio: ['pipe', fd, 'pipe'],
  });
  const ended = endOfWorker(helper, 'compress layer');
  const { stdin } = helper;
  if (stdin === null) throw new SystemError('HELPER_FAILED', 'compress layer: no pipe');
  await Promise.all([pipeline(streamLayer(engine, diffId), stdin), ended]);
}

async function* streamLayer(engine: Engine, diffId: string): AsyncGenerator<Uint8Array> {
  const worker = startWorker(engine, diffId, 'pipe');
  const ended = endOfWorker(worker, `read layer "${diffId}"`);
  ended.catch(() => undefined);
  try {
    yield* worker.stdout as Readable as AsyncIterable<Buffer>;
    await ended;
  } finally {
    worker.kill('SIGKILL');
  }
}

async function writeLayer(engine: Engine, diffId: string, fd: number): Promise<void> {
  await endOfWorker(startWorker(engine, diffId, fd), `write layer "${diffId}"`);
}

function startWorker(engine: Engine, diffId: string, output: 'pipe' | number): ChildProcess {
  const { layers } = engine.store;
  const args = reproduceWorkerArguments({
    tree: layers.treePath(diffId),
    recipe: layers.recipePath(diffId),
  });
  return spawnWorker(engine.enter, ['reproduce', ...args], ['ignore', output, 'pipe']);
}

/** Resolves when the process has ended well; throws what it said otherwise. */
export async function endOfWorker(child: ChildProcess, action: string): Promise<void> {
  const chunks: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (status === 0) return;
  const said = Buffer.concat(chunks).toString('utf8').trim();
  if (said.startsWith('{')) {
    const { code, message, hint } = JSON.parse(said) as Record<string, string>;
    throw new IntegrityError(code ?? '', message ?? '', { hint });
  }
  const reason = said.replace(/^Error: /, '') || `it ended with ${signal ?? status}`;
  throw new SystemError('WORKER_FAILED', `${action}: ${reason}`);
}
