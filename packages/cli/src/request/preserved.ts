/**
 * Which of the caller's descriptors are passed on: those of `--preserve-fds N` and `--preserve-fd
 * LIST`, and the sockets that systemd listens at for this process (sd_listen_fds(3)).
 */
import { UsageError } from '@berth/errors';

const FIRST = 3;
const MAX_PRESERVED = 1024;

/** The numbers, in order. Throws UsageError for what is no count and no descriptor from 3 on. */
export function parsePreserved(count: number | undefined, list: readonly string[]): number[] {
  if (count !== undefined && (count < 0 || count > MAX_PRESERVED)) {
    throw new UsageError(
      'BAD_COUNT',
      `read --preserve-fds "${count}": not between 0 and ${MAX_PRESERVED}`,
    );
  }
  if (count === undefined && list.length === 0) return [];
  const counted = Array.from({ length: count ?? 0 }, (_, index) => FIRST + index);
  return [...new Set([...counted, ...list.map(descriptor)])].sort((a, b) => a - b);
}

function descriptor(text: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number < FIRST || number >= FIRST + MAX_PRESERVED) {
    throw new UsageError(
      'BAD_DESCRIPTOR',
      `read --preserve-fd "${text}": not between ${FIRST} and ${FIRST + MAX_PRESERVED - 1}`,
    );
  }
  return number;
}

/** How many sockets, from descriptor 3 on, the service manager gave to this very process. */
export function socketsOfUnit(): number {
  const { LISTEN_FDS: count = '', LISTEN_PID: pid } = process.env;
  if (pid !== String(process.pid) || !/^[1-9]\d{0,3}$/.test(count)) return 0;
  return Math.min(Number(count), MAX_PRESERVED);
}

/** The variables by which the container's first process finds them. */
export function socketVariables(): string[] {
  const count = socketsOfUnit();
  if (count === 0) return [];
  const names = process.env['LISTEN_FDNAMES'];
  return [
    `LISTEN_FDS=${count}`, 'LISTEN_PID=1',
    ...(names === undefined ? [] : [`LISTEN_FDNAMES=${names}`]),
  ];
}

/** As parsePreserved, with the sockets of the unit. */
export function preservedByRun(count: number | undefined, list: readonly string[]): number[] {
  const sockets = socketsOfUnit();
  return parsePreserved(sockets > (count ?? 0) ? sockets : count, list);
}
