/**
 * The hand-over: the process of the TypeScript side becomes another program, so that nothing of
 * it stays in memory while a container runs.
 */
import { loadHandOverCalls, succeed } from './syscalls.ts';

const STANDARD_STREAMS = [0, 1, 2];

/** What to become. */
export interface ExecveRequest {
  /** Absolute; PATH is not searched. */
  readonly path: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Descriptors above 2 that the program gets. Those below the highest of them are closed; every
   * higher one must be close-on-exec, or be closed by the program.
   */
  readonly keepDescriptors: readonly number[];
}

/**
 * Never returns: the program runs in this process. Throws a SystemError when the kernel refuses;
 * the descriptors then stay inheritable. Buffered output is lost: write it before.
 */
export function execve(request: ExecveRequest): never {
  const environment = Object.entries(request.environment).map(([key, value]) => `${key}=${value}`);
  const strings = [...request.argv, ...environment];
  if (strings.some((text) => text.includes('\0'))) {
    throw new Error('bug: a program argument holds a NUL');
  }
  const syscalls = loadHandOverCalls();
  // Node makes its own standard streams close-on-exec at start.
  for (const fd of STANDARD_STREAMS) syscalls.setCloseOnExec(fd, false);
  // One by one: a general rule would also hand over the runtime's own descriptors.
  for (const fd of request.keepDescriptors) {
    succeed(syscalls.setCloseOnExec(fd, false), 'keep descriptor', String(fd));
  }
  // Bun does not change the descriptors that it inherits from the caller.
  for (const fd of between(STANDARD_STREAMS.length, request.keepDescriptors)) {
    syscalls.setCloseOnExec(fd, true);
  }
  const answer = syscalls.execve(request.path, request.argv, environment);
  succeed(answer, 'execute', request.path);
  throw new Error('bug: execve came back without an error');
}

/** The numbers from `first` up to the highest of `numbers`, without those in `numbers`. */
function between(first: number, numbers: readonly number[]): number[] {
  const all = Array.from({ length: Math.max(first, ...numbers) - first }, (_, i) => first + i);
  return all.filter((number) => !numbers.includes(number));
}
