/**
 * Gets one layer of an image into the store: the source's bytes go straight to a worker that is
 * root in the user's namespace, which unpacks, hashes and writes the recipe. Nothing is visible
 * before both digests are verified.
 */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { IntegrityError, SystemError } from '@berth/errors';
import { applyWorkerArguments, parseApplyAnswer, type LayerResult } from '@berth/layers';
import type { Descriptor, ImageSource } from '@berth/oci';
import { idMapKey, spawnWorker } from '@berth/isolation';
import type { Session } from '@berth/storage';
import { removeTrees, type Engine } from '../engine.ts';

/** A layer, and where it comes from. */
export interface LayerRequest {
  source: ImageSource;
  descriptor: Descriptor;
  diffId: string;
  session: Session;
  signal: AbortSignal;
}

/**
 * The layer is in the store afterwards. Throws IntegrityError when its digests are not those that
 * the image names; nothing of it is left then.
 */
export async function unpackLayer(engine: Engine, request: LayerRequest): Promise<void> {
  const { store } = engine;
  const { descriptor, diffId, session } = request;
  session.pinLayer(diffId);
  if (isUsable(engine, diffId)) {
    progress(engine, descriptor, { state: 'exists', currentBytes: descriptor.size });
    return;
  }
  const staging = store.layers.stage();
  try {
    const result = await runApply(engine, {
      ...request,
      tree: staging.tree,
      recipe: staging.recipe,
    });
    requireDigest(result, request);
    store.layers.commit(staging, {
      version: 1,
      diffId,
      sizeBytes: result.contentBytes,
      fileCount: Object.values(result.counts).reduce((sum, count) => sum + count, 0),
      idMap: idMapKey(engine.idMaps),
      sourceDigest: descriptor.digest,
      skippedAttributes: result.counts.skippedAttributes,
    });
  } catch (error) {
    // At once, for the disk may be full; what resists waits in the trash.
    await removeTrees(engine, [staging.tree]).catch(() => undefined);
    store.layers.discard(staging);
    throw error;
  }
  progress(engine, descriptor, { state: 'done', currentBytes: descriptor.size });
}

function isUsable(engine: Engine, diffId: string): boolean {
  if (!engine.store.layers.has(diffId)) {
    return false;
  }
  engine.store.layers.requireMap(diffId, idMapKey(engine.idMaps));
  return true;
}

function requireDigest(result: LayerResult, { descriptor, source }: LayerRequest): void {
  const isPlain = descriptor.digest === result.diffId;
  if (!isPlain && result.blobDigest !== descriptor.digest) {
    throw new IntegrityError(
      'DIGEST_MISMATCH',
      `pull layer "${descriptor.digest}" of "${source.name}": ` +
        `its content has the digest ${result.blobDigest}`,
    );
  }
}

type ApplyRequest = LayerRequest & { tree: string; recipe: string };

async function runApply(engine: Engine, request: ApplyRequest): Promise<LayerResult> {
  const args = applyWorkerArguments({
    tree: request.tree,
    recipe: request.recipe,
    expectedDiffId: request.diffId,
  });
  const worker = spawnWorker(engine.enter, ['apply', ...args], ['pipe', 'pipe', 'pipe']);
  const { stdin, stdout, stderr } = worker;
  if (stdin === null || stdout === null || stderr === null) {
    throw new SystemError('WORKER_FAILED', 'start unpack worker: no pipes');
  }
  const closed = once(worker, 'close');
  const answer = collectText(stdout);
  const complaint = collectText(stderr);
  const fed = await feed(engine, request, stdin);
  await closed;
  const line = await answer;
  if (line === '') {
    throw (fed as Error | undefined) ?? workerLost(await complaint);
  }
  // A worker that found the archive broken stops reading; that reason goes before a broken pipe.
  const result = parseApplyAnswer(line);
  if (fed !== undefined) {
    throw fed;
  }
  return result;
}

function workerLost(complaint: string): SystemError {
  const said = complaint.trim().replace(/^Error: /, '');
  return new SystemError(
    'WORKER_FAILED',
    `unpack layer: ${said === '' ? 'the worker ended without an answer' : said}`,
  );
}

/** Streams the layer to the worker; answers what went wrong, undefined when all was sent. */
async function feed(engine: Engine, request: ApplyRequest, stdin: Writable): Promise<unknown> {
  const { source, descriptor, signal } = request;
  let sentBytes = 0;
  try {
    const content = await source.layer(descriptor, { offset: 0, signal });
    await pipeline(async function* () {
      for await (const chunk of content) {
        sentBytes += chunk.length;
        progress(engine, descriptor, { state: 'pulling', currentBytes: sentBytes });
        yield chunk;
      }
    }, stdin);
    return undefined;
  } catch (error) {
    stdin.destroy();
    return error;
  }
}

async function collectText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8').trim();
}

function progress(
  engine: Engine,
  descriptor: Descriptor,
  event: { state: 'pulling' | 'exists' | 'done'; currentBytes: number },
): void {
  engine.report({
    kind: 'layer',
    digest: descriptor.digest,
    totalBytes: descriptor.size,
    ...event,
  });
}
