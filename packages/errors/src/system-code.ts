/**
 * Names and words of the kernel's error numbers, with those that libuv does not know: where a disk
 * quota is used up, Node throws `Unknown system error -122` or `UNKNOWN: unknown error`.
 */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** What Node has in place of a name; the number is in the error's `errno`. */
const NO_NAME = /^(?:UNKNOWN|Unknown system error -\d+)$/;

/** By number, in asm-generic/errno.h: those that files and file systems give. */
const NAMELESS: Readonly<Record<string, readonly [name: string, words: string]>> = {
  37: ['ENOLCK', 'no locks available'],
  62: ['ETIME', 'timer expired'],
  74: ['EBADMSG', 'bad message'],
  116: ['ESTALE', 'stale file handle'],
  117: ['EUCLEAN', 'structure needs cleaning'],
  122: ['EDQUOT', 'disk quota exceeded'],
};

let namesByNumber: Map<number, string> | undefined;

/** The symbolic name (`ENOENT`) of a positive or negative error number. */
export function errnoName(errno: number): string {
  namesByNumber ??= new Map(
    Object.entries(constants.errno)
      .filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'EOPNOTSUPP')
      .map(([name, number]) => [number, name]),
  );
  const number = Math.abs(errno);
  return namesByNumber.get(number) ?? NAMELESS[number]?.[0] ?? `errno ${number}`;
}

/** The kernel's words for a symbolic name; the name itself if it is unknown. */
export function errnoWords(name: string): string {
  const number = (constants.errno as Record<string, number>)[name];
  const known = number === undefined ? undefined : getSystemErrorMap().get(-number);
  const nameless = Object.values(NAMELESS).find(([own]) => own === name);
  return known?.[1] ?? nameless?.[1] ?? name;
}

/** `ENOENT` and the like; another error's code; undefined where there is none. */
export function systemCodeOf(error: unknown): string | undefined {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
  if (typeof code !== 'string') return undefined;
  return NO_NAME.test(code) && typeof errno === 'number' ? nameOf(errno) : code;
}

/** The kernel's words for a system call's error, if libuv has none. */
export function wordsOfNameless({ code, errno }: NodeJS.ErrnoException): string | undefined {
  if (code === undefined || !NO_NAME.test(code) || errno === undefined) return undefined;
  return errnoWords(nameOf(errno));
}

/** Has the form of a name, also for a number that nobody knows. */
function nameOf(errno: number): string {
  return errnoName(errno).replace('errno ', 'E');
}
