/** The project's SystemError for a failed system call. */
import { errnoWords, SystemError, systemCodeOf } from '@berth/errors';

/** A system call that failed. */
export interface SystemFailure {
  /** A verb, as the message shall say it. */
  readonly operation: string;
  /** Symbolic, `ENOENT`. */
  readonly errno: string;
  readonly path: string | undefined;
  readonly cause?: unknown;
}

/** The project's error for a failed system call: `open "/x": no such file or directory`. */
export function systemError({ operation, errno, path, cause }: SystemFailure): SystemError {
  const object = path === undefined ? '' : ` "${path}"`;
  return new SystemError('SYSTEM_CALL', `${operation}${object}: ${errnoWords(errno)}`, {
    details: { operation, errno, path },
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * The same for an error thrown by node:fs and its kin. Errors that carry no errno (bugs, the
 * project's own errors) are returned unchanged, so `throw systemErrorFrom(error, …)` is safe.
 */
export function systemErrorFrom(error: unknown, operation: string, path?: string): unknown {
  const errno = systemCodeOf(error);
  const isErrno = errno !== undefined && /^E[A-Z0-9]+$/.test(errno);
  if (!isErrno || error instanceof SystemError) return error;
  return systemError({ operation, errno, path });
}
