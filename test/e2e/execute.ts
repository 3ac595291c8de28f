/**
 * Runs programs for tests: collects what they print, feeds their standard input, and ends them
 * with all their descendants when they take too long.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** What one run of a program gave. */
export interface Result {
  /** The exit status; 128+n after signal n, as a shell says it. */
  status: number;
  stdout: string;
  stderr: string;
}

/** Surroundings of one run. */
export interface ExecuteOptions {
  /** Added to the environment; undefined removes a variable. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Standard input; without it, an empty pipe. */
  input?: string | Buffer;
  /** After this the program and its descendants are killed, and the run fails: 60 s. */
  timeoutMs?: number;
}

/** A program that is running. */
export interface Started {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** What the end of the program gives; rejects after the time-out. */
  readonly finished: Promise<Result>;
  /** Resolves when the standard output so far matches; rejects when the program ends before. */
  seen(pattern: RegExp): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 60_000;

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15,
};

/** Runs a program to its end. Rejects only when it can't be started or takes too long. */
export async function execute(
  words: readonly string[], options: ExecuteOptions = {},
): Promise<Result> {
  const started = start(words, options);
  started.child.stdin.end(options.input ?? '');
  return started.finished;
}

/** Starts a program; its standard input stays open until the caller ends it. */
export function start(words: readonly string[], options: ExecuteOptions = {}): Started {
  const [command = '', ...args] = words;
  const env = { ...options.env };
  const child = spawn(command, args, {
    env: options.env === undefined ? process.env : env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', ignoreClosedPipe);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output.stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { output.stderr += text; });
  const finished = whenFinished(child, { words, output, timeoutMs: options.timeoutMs });
  finished.catch(() => undefined);
  return { child, finished, seen: async (pattern) => whenSeen(child, output, pattern) };
}

interface Run {
  words: readonly string[];
  output: { stdout: string; stderr: string };
  timeoutMs: number | undefined;
}

async function whenFinished(child: Started['child'], run: Run): Promise<Result> {
  const { words, output, timeoutMs = DEFAULT_TIMEOUT_MS } = run;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      const printed = `stdout: ${output.stdout}\nstderr: ${output.stderr}`;
      reject(new Error(`${words.join(' ')}: not done after ${timeoutMs} ms\n${printed}`));
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ status: code ?? 128 + (SIGNALS[signal ?? ''] ?? 0), ...output });
    });
  });
}

async function whenSeen(
  child: Started['child'], output: { stdout: string; stderr: string }, pattern: RegExp,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (pattern.test(output.stdout)) resolve();
    };
    look();
    child.stdout.on('data', look);
    child.on('close', () => {
      reject(new Error(`ended before ${pattern}: ${output.stdout}${output.stderr}`));
    });
  });
}

/** A program that ends without reading its input is no fault of the test. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
