/** Signal names and numbers as users type them: `TERM`, `SIGTERM`, `15`, `RTMIN+3`. */
import { constants } from 'node:os';
import { UsageError } from '@berth/errors';

const REAL_TIME_MIN = 34;
const REAL_TIME_MAX = 64;

/** The number of a signal. Throws UsageError for a text that is no signal. */
export function signalNumber(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= REAL_TIME_MAX) {
      return number;
    }
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const named = (constants.signals as Record<string, number>)[`SIG${name}`];
  const realTime = /^RTM(IN|AX)(?:([+-])(\d+))?$/.exec(name);
  const found = named ?? (realTime === null ? undefined : realTimeSignal(realTime));
  if (found === undefined || found < 1 || found > REAL_TIME_MAX) {
    throw new UsageError('BAD_SIGNAL', `read the signal "${text}": no such signal`, {
      hint: 'use a name such as TERM or KILL, or a number',
    });
  }
  return found;
}

function realTimeSignal([, end, sign, offset]: RegExpExecArray): number {
  const base = end === 'IN' ? REAL_TIME_MIN : REAL_TIME_MAX;
  return base + (sign === '-' ? -1 : 1) * Number(offset ?? 0);
}

/** `SIGTERM` for 15; the number itself for a signal without a name. */
export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, known]) => known === number);
  return found?.[0] ?? String(number);
}
