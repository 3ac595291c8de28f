/**
 * A process that is root in the user's namespace and unpacks layers, one after the other. Starting
 * and warming it up takes longer than unpacking a small layer, so small layers share one.
 */
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { IntegrityError, SystemError } from '@berth/errors';
import { complaintOf, spawnWorker } from '@berth/isolation';
import { applyRequestLine, parseApplyAnswer, type LayerResult } from '@berth/layers';
import type { Engine } from '../engine.ts';
import { treePolicy } from './tree-policy.ts';

/** Where the worker gets a layer from. */
export type LayerContent =
  /** A stream of `sizeBytes` bytes, where fewer are an error; undefined reads it to its end. */
  | { readonly chunks: AsyncIterable<Uint8Array>; readonly sizeBytes: number | undefined }
  /** A part of a file that is open here; the worker reads it by itself. */
  | { readonly fd: number; readonly offset: number; readonly sizeBytes: number };

/** What a worker does for one layer. The store makes both paths. */
export interface LayerWork {
  readonly tree: string;
  readonly recipe: string;
  readonly content: LayerContent;
  /** Undefined where the digest is not known yet and is asked for. */
  readonly expectedDiffId: string | undefined;
}

/** The descriptor number at which a worker has the file that it was started with. */
const FILE_FD = 3;

/** A worker process. It can't be used any more after an error. Whoever starts it closes it. */
export class LayerWorker {
  readonly #engine: Engine;
  #running: Running | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * The layer's tree and recipe are made. Throws what reading the content throws, and the error
   * that the worker reports: IntegrityError, UnsupportedError, SystemError.
   */
  async apply({ content, ...work }: LayerWork): Promise<LayerResult> {
    const running = (this.#running ??= startWorker(this.#engine, content));
    const blob = placeOf(content, running);
    const how = { ...treePolicy(this.#engine), ...(blob === undefined ? {} : { blob }) };
    const request = applyRequestLine({ ...work, ...how });
    const fed = feed(running.stdin, { request, content });
    const line = await running.answers.next();
    if (line.done === true) throw await whyEnded(running, fed);
    // When reading the content has failed, the worker finds an archive that ends too early.
    const early = await Promise.race([fed, undefined]);
    if (early !== undefined && !isBrokenPipe(early)) throw early;
    // A worker that finds the archive damaged stops reading, so that feed() fails with a broken
    // pipe, or still waits for content. The worker's own error is the one to report.
    const result = parseApplyAnswer(line.value);
    const failure = await fed;
    if (failure !== undefined) throw failure;
    return result;
  }

  /** Kills the worker; the layer that it is working on fails. */
  stop(): void {
    this.#running?.kill();
  }

  /** The worker's process has ended. Call it only when the worker has nothing to do. */
  async close(): Promise<void> {
    if (this.#running === undefined) return;
    this.#running.stdin.end();
    await this.#running.ended;
  }
}

interface Running {
  readonly stdin: Writable;
  readonly answers: AsyncGenerator<string, undefined>;
  readonly complaint: Promise<string>;
  readonly ended: Promise<unknown>;
  readonly kill: () => void;
  /** The descriptor, in this process, of the file that the worker has as FILE_FD. */
  readonly fileFd: number | undefined;
}

function startWorker(engine: Engine, content: LayerContent): Running {
  const fileFd = 'fd' in content ? content.fd : undefined;
  const stdio: StdioOptions = ['pipe', 'pipe', 'pipe', ...(fileFd === undefined ? [] : [fileFd])];
  const worker: ChildProcess = spawnWorker(engine.enter, ['apply'], stdio);
  const { stdin, stdout, stderr } = worker;
  if (stdin === null || stdout === null || stderr === null) {
    throw new SystemError('WORKER_FAILED', 'start unpack worker: no pipes');
  }
  // Whoever writes to the stream reports its errors. An error between two layers is reported by the
  // next write.
  stdin.on('error', () => undefined);
  return {
    stdin,
    answers: linesOf(stdout),
    complaint: collectText(stderr),
    ended: once(worker, 'close'),
    kill: () => {
      worker.kill('SIGKILL');
    },
    fileFd,
  };
}

function placeOf(content: LayerContent, { fileFd }: Running) {
  if (!('fd' in content)) {
    return content.sizeBytes === undefined ? undefined : { sizeBytes: content.sizeBytes };
  }
  if (content.fd === fileFd) return { ...content, fd: FILE_FD };
  throw new SystemError('WORKER_FAILED', 'unpack layer: it is in a file that the worker lacks');
}

interface Feed {
  readonly request: string;
  readonly content: LayerContent;
}

/** Sends request and content; answers what went wrong, undefined when all was sent. */
async function feed(stdin: Writable, { request, content }: Feed): Promise<unknown> {
  try {
    await send(stdin, Buffer.from(request));
    if ('fd' in content) return undefined;
    let left = content.sizeBytes ?? Infinity;
    for await (const chunk of content.chunks) {
      left -= chunk.length;
      if (left < 0) throw wrongSize('longer');
      await send(stdin, chunk);
    }
    if (content.sizeBytes === undefined) stdin.end();
    else if (left > 0) throw wrongSize('shorter');
    return undefined;
  } catch (error) {
    stdin.destroy();
    return error;
  }
}

/** Resolves when the stream can take more; rejects when its reader is gone. */
function send(stdin: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const hasRoom = stdin.write(bytes, (error) => {
      if (error !== null && error !== undefined) reject(error);
      else resolve();
    });
    if (hasRoom) resolve();
  });
}

function wrongSize(what: string): IntegrityError {
  return new IntegrityError('BLOB_SIZE', `read layer: it is ${what} than the image says`);
}

/** Node reports EPIPE first, and ERR_STREAM_DESTROYED once the stream has noticed it. */
const BROKEN_PIPE = ['EPIPE', 'ERR_STREAM_DESTROYED'];

/**
 * Why the worker ended. Writing to an ended worker fails with a broken pipe too; so what the worker
 * said is preferred.
 */
async function whyEnded({ complaint }: Running, fed: Promise<unknown>): Promise<unknown> {
  const failure = await fed;
  const isLost = failure === undefined || isBrokenPipe(failure);
  return isLost ? workerLost(await complaint) : failure;
}

function isBrokenPipe(failure: unknown): boolean {
  return BROKEN_PIPE.includes((failure as NodeJS.ErrnoException).code ?? '');
}

function workerLost(complaint: string): SystemError {
  const { message, hint } = complaintOf(complaint);
  const reason = message || 'the worker ended without an answer';
  return new SystemError('WORKER_FAILED', `unpack layer: ${reason}`, { hint });
}

async function* linesOf(stream: Readable): AsyncGenerator<string, undefined> {
  let text = '';
  for await (const chunk of stream) {
    text += (chunk as Buffer).toString('utf8');
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    yield* lines;
  }
  return undefined;
}

async function collectText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8').trim();
}
