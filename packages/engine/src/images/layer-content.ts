/**
 * Layers of the store as blobs: the exact archive, made from recipe and tree, plain or compressed.
 * A worker that is root in the user's namespace makes the archive. Our own helper compresses it,
 * because the zlib of each runtime would give other bytes.
 */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { IntegrityError, NotFoundError, SystemError } from '@berth/errors';
import { loadSyscalls, succeed } from '@berth/host';
import { complaintOf, helperEnvironment, spawnWorker, startHelper } from '@berth/isolation';
import { readRecipe, reproduceWorkerArguments } from '@berth/layers';
import type { BlobContent, Digest } from '@berth/oci';
import type { ImageRecord, Session } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { followFile } from './follow-file.ts';

/** A layer's content, ready to be sent or written. */
export interface LayerBlob {
  digest: Digest;
  sizeBytes: number;
  content: BlobContent;
}

/** How layers are compressed. */
export interface Packing {
  format: 'gzip' | 'zstd';
  level?: number | undefined;
}

/** The levels when nobody chooses: fast, at the cost of a few per cent of size. */
const DEFAULT_LEVELS = { gzip: 1, zstd: 3 };

const READ_BYTES = 1 << 18;

/**
 * All layers of the image stay in the store until the session ends. Throws NotFoundError when the
 * image was removed.
 */
export function pinImage(engine: Engine, session: Session, { id, layers }: ImageRecord): void {
  session.pinBlob(`sha256:${id}`);
  for (const { diffId } of layers) session.pinLayer(diffId);
  if (engine.store.images.exists(id)) return;
  throw new NotFoundError('NO_SUCH_IMAGE', `read image "${id.slice(0, 12)}": no such image`, {
    hint: 'it was removed meanwhile; pull it again: berth pull IMAGE',
  });
}

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

/** The compressed layer as a file in `folder`. Whoever owns the folder removes it. */
export async function compressedLayer(
  engine: Engine,
  diffId: string,
  packing: Packing & { folder: string },
): Promise<LayerBlob> {
  return growingLayer(engine, diffId, packing).whole;
}

/** A compressed layer that is being made; its bytes can be read meanwhile. */
export interface GrowingLayer {
  readonly follow: () => AsyncIterable<Uint8Array>;
  readonly whole: Promise<LayerBlob>;
}

/** As compressedLayer, which is on its way when this returns. */
export function growingLayer(
  engine: Engine,
  diffId: string,
  { folder, ...packing }: Packing & { folder: string },
): GrowingLayer {
  const path = join(folder, `${diffId.replace('sha256:', '')}.${packing.format}`);
  const fd = openSync(path, 'wx', 0o600);
  const compressed = compressLayer(engine, diffId, { ...packing, fd });
  const whole = async (): Promise<LayerBlob> => {
    try {
      const digest = await streamDigest(followFile(path, compressed));
      const stream = (): AsyncIterable<Buffer> =>
        createReadStream(path, { highWaterMark: READ_BYTES });
      return { digest, sizeBytes: fstatSync(fd).size, content: { stream } };
    } finally {
      closeSync(fd);
    }
  };
  return { follow: () => followFile(path, compressed), whole: whole() };
}

async function streamDigest(bytes: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return `sha256:${hash.digest('hex')}` as Digest;
}

/**
 * The worker writes to the helper, and the helper to the file; no data passes through this process.
 */
async function compressLayer(
  engine: Engine,
  diffId: string,
  { format, level = DEFAULT_LEVELS[format], fd }: Packing & { fd: number },
): Promise<void> {
  const ends = new Int32Array(2);
  succeed(loadSyscalls().pipe(ends), 'make', 'pipe');
  const [reading = -1, writing = -1] = ends;
  let worker: ChildProcess | undefined;
  let helper: ChildProcess;
  try {
    worker = startWorker(engine, diffId, writing);
    helper = startHelper(['compress', format, String(level)], {
      env: helperEnvironment(),
      stdio: [reading, fd, 'pipe'],
    });
  } catch (error) {
    worker?.kill('SIGKILL');
    throw error;
  } finally {
    closeSync(reading);
    closeSync(writing);
  }
  // When the helper ends, the worker fails with a broken pipe. So the helper's error is thrown
  // first.
  const ended = await Promise.allSettled([
    endOfWorker(helper, `compress layer "${diffId}"`),
    endOfWorker(worker, `read layer "${diffId}"`),
  ]);
  const failed = ended.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
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

/**
 * Resolves when the process has succeeded; otherwise throws an error with what the process said.
 */
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
  const { message, hint } = complaintOf(said);
  const reason = message || `it ended with ${signal ?? status}`;
  throw new SystemError('WORKER_FAILED', `${action}: ${reason}`, { hint });
}
