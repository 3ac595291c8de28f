/**
 * Names and words of the kernel's error numbers, with those that libuv does not know: where a disk
 * quota is used up, Node throws `Unknown system error -122`.
 */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

const UNKNOWN = /^Unknown system error -(\d+)$/;

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
  return known?.[1] ?? wordsOfNameless(name) ?? name;
}

/** `ENOENT` and the like; another error's code; undefined where there is none. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string') return undefined;
  const number = UNKNOWN.exec(code)?.[1];
  return number === undefined ? code : NAMELESS[number]?.[0] ?? `E${number}`;
}

/** The kernel's words for an error that libuv does not know, by its name or Node's text for it. */
export function wordsOfNameless(text: string): string | undefined {
  const number = UNKNOWN.exec(text)?.[1];
  return Object.entries(NAMELESS).find(([known, [name]]) => known === number || name === text)
    ?.[1][1];
}
