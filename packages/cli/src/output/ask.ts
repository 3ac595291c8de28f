/** Questions whose answers are texts, and passwords, which are not shown. */
import { spawnSync } from 'node:child_process';
import { readBounded } from '@berth/engine/containers/configuration';
import { UsageError } from '@berth/errors';
import { readLine } from './confirm.ts';
import { printError } from './streams.ts';
import { isTerminal } from './terminal.ts';

/** What a person types in answer. Throws UsageError where there is nobody to ask. */
export function askLine(question: string): string {
  requireTerminal(question);
  printError(question);
  return readLine().trim();
}

/** As askLine(), without the terminal showing what is typed. */
export function askSecret(question: string): string {
  requireTerminal(question);
  printError(question);
  const stty = (...args: string[]): string =>
    spawnSync('stty', args, { stdio: [0, 'pipe', 'ignore'], encoding: 'utf8' }).stdout.trim();
  const before = stty('-g');
  const restore = (): void => void stty(before);
  process.once('exit', restore);
  try {
    // Signals stay pending while the line is read, so the terminal asks none of this process.
    stty('-echo', '-isig');
    return readLine().trim();
  } finally {
    process.off('exit', restore);
    restore();
    printError('\n');
  }
}

/** All of standard input, without the last newline. */
export function readSecret(): string {
  return readBounded(0).replace(/\r?\n$/, '');
}

function requireTerminal(question: string): void {
  if (!isTerminal(0)) {
    const what = question.trim().replace(/:$/, '').toLowerCase();
    throw new UsageError('NO_TERMINAL', `ask for the ${what}: standard input is not a terminal`, {
      hint: 'use --username and --password-stdin',
    });
  }
}
