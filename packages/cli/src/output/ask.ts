/** Questions whose answers are texts, and passwords, which are not shown. */
import { spawnSync } from 'node:child_process';
import { readBounded } from '@berth/engine/containers/configuration';
import { UsageError } from '@berth/errors';
import { readLine } from './confirm.ts';
import { printError } from './streams.ts';
import { isTerminal } from './terminal.ts';

const LOGIN_FLAGS = 'use --username and --password-stdin';

/** The line that a person types as an answer. Throws UsageError where no person can be asked. */
export function askLine(question: string): string {
  requireTerminal(question, LOGIN_FLAGS);
  printError(question);
  return readLine().trim();
}

/**
 * As askLine(), but the terminal does not show what is typed. `instead` tells those who can't be
 * asked what to type.
 */
export function askSecret(question: string, instead = LOGIN_FLAGS): string {
  requireTerminal(question, instead);
  printError(question);
  const stty = (...args: string[]): string =>
    spawnSync('stty', args, { stdio: [0, 'pipe', 'ignore'], encoding: 'utf8' }).stdout.trim();
  const before = stty('-g');
  const restore = (): void => void stty(before);
  process.once('exit', restore);
  try {
    // A signal would stay pending while the line is read; with -isig the terminal sends none.
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

function requireTerminal(question: string, hint: string): void {
  if (!isTerminal(0)) {
    const what = question.trim().replace(/:$/, '').toLowerCase();
    const message = `ask for the ${what}: standard input is not a terminal`;
    throw new UsageError('NO_TERMINAL', message, { hint });
  }
}
