/**
 * Other processes: whether a recorded process is still alive, and signals that reach only this
 * process, never another one that got its pid later.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { loadSyscalls, succeed } from './syscalls.ts';

/** The fields of /proc/PID/stat that are needed. */
export interface ProcessStat {
  readonly state: string;
  readonly parentPid: number;
  /** In clock ticks after boot; with the boot id it names one process for ever. */
  readonly startTime: string;
}

const STATE_FIELD = 0;
const PARENT_FIELD = 1;
const START_TIME_FIELD = 19;

/** The start time of a process that lives or is a zombie, or undefined. */
export function readStartTime(pid: number): string | undefined {
  return readProcessStat(pid)?.startTime;
}

/**
 * True while exactly this process runs; false for a zombie, and for another process with its pid.
 */
export function isAlive(pid: number, startTime: string): boolean {
  const stat = readProcessStat(pid);
  return stat !== undefined && stat.startTime === startTime && !/[ZXx]/.test(stat.state);
}

/** True while exactly this process is stopped, by SIGSTOP or by a tracer. */
export function isStopped(pid: number, startTime: string): boolean {
  const stat = readProcessStat(pid);
  return stat !== undefined && stat.startTime === startTime && /[Tt]/.test(stat.state);
}

/**
 * Sends `signal` to exactly this process. False when it is gone. The start time is checked after
 * the pidfd is open, so a reused pid is never hit. Throws a SystemError when not allowed.
 */
export function signalProcess(pid: number, startTime: string, signal: number): boolean {
  const syscalls = loadSyscalls();
  const pidfd = syscalls.pidfdOpen(pid);
  if (pidfd === -constants.errno.ESRCH) return false;
  succeed(pidfd, 'open process', String(pid));
  try {
    if (!isAlive(pid, startTime)) return false;
    const sent = syscalls.pidfdSendSignal(pidfd, signal);
    if (sent === -constants.errno.ESRCH) return false;
    succeed(sent, 'signal process', String(pid));
    return true;
  } finally {
    syscalls.close(pidfd);
  }
}

/** Reads the text of /proc/PID/stat. The name may hold spaces and `)`: fields start at the last. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const end = text.lastIndexOf(')');
  if (end < 0) return undefined;
  const fields = text.slice(end + 2).trim().split(' ');
  const state = fields[STATE_FIELD];
  const parent = fields[PARENT_FIELD];
  const startTime = fields[START_TIME_FIELD];
  if (state === undefined || parent === undefined || startTime === undefined) return undefined;
  return { state, parentPid: Number(parent), startTime };
}

function readProcessStat(pid: number): ProcessStat | undefined {
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
