/**
 * From error numbers of the kernel to the project's SystemError, with the kernel's wording.
 */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { SystemError, systemCodeOf, wordsOfNameless } from '@berth/errors';

let namesByNumber: Map<number, string> | undefined;

/** The symbolic name (`ENOENT`) of a positive or negative error number. */
export function errnoName(errno: number): string {
  namesByNumber ??= new Map(
    Object.entries(constants.errno)
      .filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'EOPNOTSUPP')
      .map(([name, number]) => [number, name]),
  );
  return namesByNumber.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;
}

/** The positive error number of a symbolic name; 0 when this platform has no such error. */
export function errnoNumber(name: string): number {
  return (constants.errno as Record<string, number>)[name] ?? 0;
}

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
  return new SystemError('SYSTEM_CALL', `${operation}${object}: ${describeErrno(errno)}`, {
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

function describeErrno(name: string): string {
  const number = errnoNumber(name);
  const known = number === 0 ? undefined : getSystemErrorMap().get(-number);
  return known === undefined ? wordsOfNameless(name) ?? name : known[1];
}
