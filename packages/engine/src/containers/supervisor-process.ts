/**
 * The supervisor of a container as a process: a supervisor that is stopped (SIGSTOP) is woken, one
 * that does not end is killed. It is found by its recorded pid; before it has recorded that, by
 * the container's id in its command line.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isStopped, readStartTime, signalProcess } from '@berth/host';
import type { Engine } from '../engine.ts';
import { pauses } from './wait.ts';

interface SupervisorProcess {
  pid: number;
  startTime: string;
}

const SIGKILL = 9;
const SIGCONT = 18;
const KILL_GRACE_MS = 5_000;

/** A supervisor that was stopped (SIGSTOP) is continued, so that it can do what is asked of it. */
export function wakeSupervisor(engine: Engine, id: string): void {
  const { supervisor } = engine.store.containers.entry(id).summary;
  if (supervisor === undefined || !isStopped(supervisor.pid, supervisor.startTime)) {
    return;
  }
  const { pid, startTime } = supervisor;
  engine.report({
    kind: 'warning',
    message: `the supervisor of container ${id.slice(0, 12)} (process ${pid}) was stopped: ` +
      'it goes on now',
  });
  signalProcess(pid, startTime, SIGCONT);
}

/** True when a process of ours that worked on the container was found and killed, and has ended. */
export async function endSupervisor(id: string): Promise<boolean> {
  const found = supervisorsOf(id);
  for (const { pid, startTime } of found) signalProcess(pid, startTime, SIGKILL);
  for (const pause of pauses(KILL_GRACE_MS)) {
    if (found.length > 0 && supervisorsOf(id).length === 0) return true;
    if (found.length === 0) return false;
    await pause();
  }
  return false;
}

/**
 * Found by command line: `berth-native supervise ID …`, or before that `launch --plan …/ID/plan`.
 */
function supervisorsOf(id: string): SupervisorProcess[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    const [program = '', applet = '', ...args] = commandLine(name);
    const isOurs = program.endsWith('berth-native') && ['supervise', 'launch'].includes(applet);
    const startTime = isOurs && args.some((word) => word.includes(id))
      ? readStartTime(Number(name)) : undefined;
    return startTime === undefined ? [] : [{ pid: Number(name), startTime }];
  });
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
