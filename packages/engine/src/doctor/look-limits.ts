/** The caller's resource limits for `doctor`, and how much of them is used. */
import { readdirSync, readFileSync } from 'node:fs';
import { parseLimits, readResourceLimits, type IdRange } from '@berth/host';
import type { Engine } from '../engine.ts';
import type { DoctorFacts } from './facts.ts';

const NONE = { soft: Infinity, hard: Infinity };

/** The limits of the process that called, and the number of tasks of its user and these ids. */
export function limitFacts(
  { account, forRoot }: Engine, ranges: readonly IdRange[],
): DoctorFacts['limits'] {
  const own = readResourceLimits();
  const callers = forRoot ? undefined : limitsOf(process.ppid);
  return {
    files: (callers ?? own).get('nofile') ?? NONE,
    processes: own.get('nproc') ?? NONE,
    tasks: countTasks([{ start: account.uid, count: 1 }, ...ranges]),
  };
}

/** Runtimes raise their own limit of open files: the shell still has what containers inherit. */
function limitsOf(pid: number): ReturnType<typeof parseLimits> | undefined {
  try {
    return parseLimits(readFileSync(`/proc/${pid}/limits`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The threads of these users, containers included: the kernel counts all against the caller. */
function countTasks(ranges: readonly IdRange[]): number {
  let tasks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const status = statusOf(pid);
    const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? -1);
    if (!ranges.some(({ start, count }) => uid >= start && uid < start + count)) continue;
    tasks += Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 1);
  }
  return tasks;
}

/** Empty for a process that has ended meanwhile, or that is hidden. */
function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}
