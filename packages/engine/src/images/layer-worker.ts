/**
 * A process that is root in the user's namespace and unpacks layers, one after the other. Starting
 * and warming it up takes longer than unpacking a small layer, so the layers of an image share two
 * such processes.
 */
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { IntegrityError, SystemError } from '@berth/errors';
import { spawnWorker } from '@berth/isolation';
import { applyRequestLine, parseApplyAnswer, type LayerResult } from '@berth/layers';
import type { Engine } from '../engine.ts';
import { treePolicy } from './tree-policy.ts';

/** Where the worker gets a layer from. */
export type LayerContent =
  /** So many bytes, fewer being an error; until the end of the stream where undefined. */
  | { readonly chunks: AsyncIterable<Uint8Array>; readonly sizeBytes: number | undefined }
  /** A part of a file that is open here, which the worker reads by itself. */
  | { readonly fd: number; readonly offset: number; readonly sizeBytes: number };

/** One layer's work; both paths are made by the store. */
export interface LayerWork {
  readonly tree: string;
  readonly recipe: string;
  readonly content: LayerContent;
  /** Undefined where the digest is what one wants to know. */
  readonly expectedDiffId: string | undefined;
}

/** The descriptor under which a worker has the file that it was started with. */
const FILE_FD = 3;

/** One worker. After an error it is of no use any more. Whoever makes it closes it. */
export class LayerWorker {
  readonly #engine: Engine;
  #running: Running | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * The tree and the recipe are made. Throws what reading the content throws, and what the worker
   * says: IntegrityError, UnsupportedError, SystemError.
   */
  async apply({ content, ...work }: LayerWork): Promise<LayerResult> {
    const running = (this.#running ??= startWorker(this.#engine, content));
    const blob = placeOf(content, running);
    const how = { ...treePolicy(this.#engine), ...(blob === undefined ? {} : { blob }) };
    const request = applyRequestLine({ ...work, ...how });
    const fed = feed(running.stdin, { request, content });
    const line = await running.answers.next();
    if (line.done === true) throw await whyEnded(running, fed);
    // A worker that found the archive broken stops reading; that reason goes before a broken pipe.
    const result = parseApplyAnswer(line.value);
    const failure = await fed;
    if (failure !== undefined) throw failure;
    return result;
  }

  /** Ends what it is doing now, which fails. */
  stop(): void {
    this.#running?.kill();
  }

  /** The process has ended; to be called when it has nothing to do. */
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
  /** The file that it has as FILE_FD, by its descriptor here. */
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
  // Failures are told by those who write; one between two layers is told by the next.
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

/** Resolves when there is room for more; rejects when nobody reads any more. */
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

/** The second once the stream has noticed the first. */
const BROKEN_PIPE = ['EPIPE', 'ERR_STREAM_DESTROYED'];

/** A worker that ended stops reading too: what it said goes before the broken pipe. */
async function whyEnded({ complaint }: Running, fed: Promise<unknown>): Promise<unknown> {
  const failure = await fed;
  const code = (failure as NodeJS.ErrnoException | undefined)?.code ?? '';
  const isLost = failure === undefined || BROKEN_PIPE.includes(code);
  return isLost ? workerLost(await complaint) : failure;
}

function workerLost(complaint: string): SystemError {
  const said = complaint.trim().replace(/^Error: /, '');
  return new SystemError(
    'WORKER_FAILED',
    `unpack layer: ${said === '' ? 'the worker ended without an answer' : said}`,
  );
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
