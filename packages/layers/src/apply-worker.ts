/**
 * The worker process that unpacks layers, and the protocol between it and the process that started
 * it: a line of JSON and a blob in, a line of JSON out, for each layer.
 *
 * Theory of operation. The worker first opens every file of the host that it needs (the C library,
 * the recipe, the tree's path). Then it chroots; from there on every name comes from the archive.
 * It is started as root of a user namespace, which also allows `chroot`; where no namespace can be
 * made and `chroot` is refused, layer-tree.ts alone keeps an archive in its empty folder. One
 * process unpacks several layers, because starting and warming it up takes longer than unpacking a
 * small layer.
 */
import { openSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import {
  EngineError, IntegrityError, SystemError, UnsupportedError, UsageError,
} from '@berth/errors';
import { loadSyscalls, OPEN, succeed, systemErrorFrom } from '@berth/host';
import { applyLayer } from './apply-layer.ts';
import type { LayerResult } from './apply-layer.ts';
import type { TreePolicy } from './layer-applier.ts';
import type { LayerLimits } from './limits.ts';
import { readChunks } from './read-chunks.ts';
import { WorkerInput } from './worker-input.ts';

/** What a worker is told. */
export interface ApplyWorkerRequest {
  /** An empty directory. */
  readonly tree: string;
  /** A file that does not exist yet. */
  readonly recipe: string;
  readonly owners?: TreePolicy['owners'] | undefined;
  readonly marks?: TreePolicy['marks'] | undefined;
  readonly limits?: Partial<LayerLimits> | undefined;
  readonly expectedDiffId?: string | undefined;
  /** Where the blob is; if not given, on standard input to its end. */
  readonly blob?: BlobPlace | undefined;
}

/** Part of an open file that the worker has, or so many bytes of standard input. */
export type BlobPlace =
  | { readonly fd: number; readonly offset: number; readonly sizeBytes: number }
  | { readonly fd?: undefined; readonly sizeBytes: number };

/** Line of JSON of a worker. */
type WorkerAnswer =
  | { readonly ok: true; readonly result: LayerResult }
  | { readonly ok: false; readonly error: WorkerError };

interface WorkerError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details: Record<string, unknown>;
}

const { EPERM } = constants.errno;
const RECIPE_MODE = 0o600;
const RESULT_FD = 1;

/** A request to a worker: a line, followed by the blob unless that is in a file. */
export function applyRequestLine(request: ApplyWorkerRequest): string {
  return `${JSON.stringify(request)}\n`;
}

/**
 * Does a worker's whole work: one layer after the other, as standard input asks for them, with a
 * line of JSON for each. Returns its exit status: 1 when a layer failed, which is the last one
 * then. Changes root, directory and umask of the process, which must end after it.
 */
export async function runApplyWorker(): Promise<number> {
  const input = new WorkerInput(readChunks(0));
  const outside = openOutside();
  try {
    for (let line = await input.line(); line !== undefined; line = await input.line()) {
      const result = await applyInside(JSON.parse(line) as ApplyWorkerRequest, { input, outside });
      writeAnswer({ ok: true, result });
    }
    return 0;
  } catch (error) {
    writeAnswer({ ok: false, error: workerError(error) });
    return 1;
  }
}

/**
 * A descriptor of the root directory that the worker started with, to return there after each
 * layer. It is no way out for an archive: names can't express a descriptor (there is no /proc in a
 * tree), and code running here could leave a chroot anyway.
 */
function openOutside(): number {
  const flags = OPEN.RDONLY | OPEN.DIRECTORY | OPEN.CLOEXEC;
  return succeed(loadSyscalls().open('/', flags), 'open', '/');
}

/** The result in a worker's line; throws the error that the worker met, as the same class. */
export function parseApplyAnswer(line: string): LayerResult {
  const answer = parseLine(line);
  if (answer.ok) return answer.result;
  const { name, code, message, hint, details } = answer.error;
  const options = { hint, details };
  if (name === 'UnsupportedError') throw new UnsupportedError(code, message, options);
  if (name === 'SystemError') throw new SystemError(code, message, options);
  if (name === 'UsageError') throw new UsageError(code, message, options);
  throw new IntegrityError(code, message, options);
}

interface Surroundings {
  readonly input: WorkerInput;
  readonly outside: number;
}

async function applyInside(
  request: ApplyWorkerRequest,
  { input, outside }: Surroundings,
): Promise<LayerResult> {
  const syscalls = loadSyscalls();
  succeed(syscalls.fchdir(outside), 'enter', '/');
  changeRoot('/');
  const recipeFd = openNew(request.recipe);
  try {
    succeed(syscalls.chdir(request.tree), 'enter', request.tree);
    if (changeRoot(request.tree)) succeed(syscalls.chdir('/'), 'enter', '/');
    dropInheritance();
    return await applyLayer({
      blob: blobOf(request, input), recipeFd,
      owners: request.owners ?? 'native',
      marks: request.marks ?? 'overlay',
      limits: request.limits ?? {},
      expectedDiffId: request.expectedDiffId,
      // A blob from a pipe comes from a process that is as busy as this one.
      isHashedAside: request.blob?.fd !== undefined,
    });
  } finally {
    syscalls.close(recipeFd);
  }
}

/** The current directory is the root; false for a user who may not change it. */
function changeRoot(name: string): boolean {
  const answer = loadSyscalls().chroot('.');
  if (answer === -EPERM) return false;
  return succeed(answer, 'change root to', name) === 0;
}

function blobOf({ blob }: ApplyWorkerRequest, input: WorkerInput): AsyncIterable<Uint8Array> {
  if (blob?.fd === undefined) return input.bytes(blob?.sizeBytes);
  return readChunks(blob.fd, blob);
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx+', RECIPE_MODE);
  } catch (error) {
    throw systemErrorFrom(error, 'create', path);
  }
}

/** Removes what the user's own directories pass on to new files: default ACL, set-group-id. */
function dropInheritance(): void {
  const syscalls = loadSyscalls();
  syscalls.lremovexattr('.', 'system.posix_acl_default');
  succeed(syscalls.chmod('.', 0o755), 'set mode of', 'layer');
}

function parseLine(line: string): WorkerAnswer {
  try {
    return JSON.parse(line) as WorkerAnswer;
  } catch (error) {
    // A worker that was killed (memory, signals) writes nothing or half a line.
    throw new SystemError('WORKER_LOST', 'unpack layer: the worker ended without an answer', {
      cause: error,
    });
  }
}

function workerError(error: unknown): WorkerError {
  if (!(error instanceof EngineError)) {
    const translated = systemErrorFrom(error, 'read', 'blob');
    if (translated instanceof EngineError) return workerError(translated);
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    return { name: 'SystemError', code: 'WORKER_BUG', message, details: {} };
  }
  const { name, code, message, hint, details } = error;
  return { name, code, message, hint, details };
}

function writeAnswer(answer: WorkerAnswer): void {
  const bytes = Buffer.from(`${JSON.stringify(answer)}\n`);
  let at = 0;
  while (at < bytes.length) at += writeSync(RESULT_FD, bytes, at);
}
