/**
 * The name of a failed system call's error. libuv has none for some of the kernel's: Node throws
 * `Unknown system error -122` where a disk quota is used up.
 */
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
