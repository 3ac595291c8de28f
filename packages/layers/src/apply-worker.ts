/**
 * The worker process that unpacks one layer, and the little protocol between it and whoever
 * started it: arguments in, the blob on a descriptor, one line of JSON out.
 *
 * Theory of operation. Everything that needs a file of the host (the C library, the recipe, the
 * tree's path) is opened first; then the process chroots, and from there on every name is the
 * archive's. It must be started as root of a user namespace, which also makes `chroot` allowed.
 */
import { createReadStream, openSync, writeSync } from 'node:fs';
import {
  EngineError, IntegrityError, SystemError, UnsupportedError, UsageError,
} from '@berth/errors';
import { loadSyscalls, succeed, systemErrorFrom } from '@berth/host';
import { applyLayer } from './apply-layer.ts';
import type { LayerResult } from './apply-layer.ts';
import type { OwnerPolicy } from './entry-attributes.ts';
import type { LayerLimits } from './limits.ts';

/** What a worker is told. */
export interface ApplyWorkerRequest {
  /** An empty directory. */
  readonly tree: string;
  /** A file that does not exist yet. */
  readonly recipe: string;
  readonly owners?: OwnerPolicy | undefined;
  readonly limits?: Partial<LayerLimits> | undefined;
  readonly expectedDiffId?: string | undefined;
  /** Where the blob is read: 0 unless given. */
  readonly blobFd?: number | undefined;
  /** Where the line of JSON is written: 1 unless given. */
  readonly resultFd?: number | undefined;
}

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

const BLOB_CHUNK_BYTES = 1 << 18;
const RECIPE_MODE = 0o600;

/** The arguments to give to the worker's command; `runApplyWorker` reads them back. */
export function applyWorkerArguments(request: ApplyWorkerRequest): string[] {
  return [JSON.stringify(request)];
}

/**
 * Does a worker's whole work; answers its exit status: 0 with a result, 1 with an error, both as
 * one line of JSON. Changes root, directory and umask of the process, which must end after it.
 */
export async function runApplyWorker(args: readonly string[]): Promise<number> {
  let resultFd = 1;
  try {
    const request = JSON.parse(args[0] ?? '{}') as ApplyWorkerRequest;
    resultFd = request.resultFd ?? resultFd;
    const result = await applyInside(request);
    writeAnswer(resultFd, { ok: true, result });
    return 0;
  } catch (error) {
    writeAnswer(resultFd, { ok: false, error: workerError(error) });
    return 1;
  }
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

async function applyInside(request: ApplyWorkerRequest): Promise<LayerResult> {
  const syscalls = loadSyscalls();
  const recipeFd = openNew(request.recipe);
  succeed(syscalls.chdir(request.tree), 'enter', request.tree);
  succeed(syscalls.chroot('.'), 'change root to', request.tree);
  succeed(syscalls.chdir('/'), 'enter', '/');
  dropInheritance();
  const blob = createReadStream('', {
    fd: request.blobFd ?? 0, autoClose: false, highWaterMark: BLOB_CHUNK_BYTES,
  });
  const result = await applyLayer({
    blob, recipeFd,
    owners: request.owners ?? 'native',
    limits: request.limits ?? {},
    expectedDiffId: request.expectedDiffId,
  });
  succeed(syscalls.fsync(recipeFd), 'write', request.recipe);
  return result;
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx+', RECIPE_MODE);
  } catch (error) {
    throw systemErrorFrom(error, 'create', path);
  }
}

/** What the user's own directories pass on to new files (default ACL, set-group-id) stays out. */
function dropInheritance(): void {
  const syscalls = loadSyscalls();
  syscalls.lremovexattr('.', 'system.posix_acl_default');
  succeed(syscalls.chmod('.', 0o755), 'set mode of', 'layer');
}

function parseLine(line: string): WorkerAnswer {
  try {
    return JSON.parse(line) as WorkerAnswer;
  } catch (error) {
    // A worker that was killed (memory, signals) leaves nothing or half a line.
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

function writeAnswer(fd: number, answer: WorkerAnswer): void {
  const bytes = Buffer.from(`${JSON.stringify(answer)}\n`);
  let at = 0;
  while (at < bytes.length) at += writeSync(fd, bytes, at);
}
