/** Questions before something is removed for good. */
import { readSync } from 'node:fs';
import { printError } from './streams.ts';

const LONGEST_ANSWER_BYTES = 256;
const NEWLINE = 0x0a;

/** Asks the user; true for `y` or `yes`, false for any other answer and where nobody can answer. */
export function confirm(warning: string): boolean {
  printError(`${warning}\nAre you sure you want to continue? [y/N] `);
  return /^y(es)?$/i.test(readLine().trim());
}

/** One line of standard input, read byte by byte, so that the rest is left for other readers. */
export function readLine(): string {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  while (bytes.length < LONGEST_ANSWER_BYTES && readByte(byte) && byte[0] !== NEWLINE) {
    bytes.push(byte[0] ?? 0);
  }
  return Buffer.from(bytes).toString('utf8');
}

function readByte(byte: Buffer): boolean {
  try {
    return readSync(0, byte) === 1;
  } catch {
    return false;
  }
}
