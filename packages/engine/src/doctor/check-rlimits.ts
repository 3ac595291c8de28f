/**
 * Checks of the caller's own limits (setrlimit), which every container inherits: descriptors, and
 * processes and threads of the user.
 */
import type { DoctorFacts } from './facts.ts';
import { administrator, ok, user, type Finding, type Remedy } from './finding.ts';

/** What login sessions have had since ever. */
const USUAL_FILES = 1024;
/** A command needs about ten threads for a moment; a service in a container some dozens. */
const FEW_TASKS = 200;
/** What administrators commonly grant. */
const USUAL_TASKS = 4096;

/** Whether programs in containers may open as many files as elsewhere. */
export function checkOpenFiles({ limits: { files }, account }: DoctorFacts): Finding {
  const id = 'open-files';
  if (files.soft >= USUAL_FILES) return ok(id, `${shown(files.soft)} open files for each process`);
  return {
    id,
    severity: 'weaker',
    found: `a process of yours may open ${files.soft} files at once`,
    cost: 'containers inherit the limit: servers in them fail with "too many open files"',
    remedies: [files.hard >= USUAL_FILES ? user(`ulimit -S -n ${USUAL_FILES}`)
      : granted(`${account.name} - nofile ${USUAL_FILES}`)],
  };
}

/** Whether the user may start many more processes than there are. */
export function checkProcesses({ limits, account }: DoctorFacts): Finding {
  const id = 'processes';
  const { processes: { soft, hard }, tasks } = limits;
  if (soft - tasks >= FEW_TASKS) return ok(id, `${shown(soft)} processes and threads`);
  const wanted = Math.max(USUAL_TASKS, 2 * tasks);
  return {
    id,
    severity: 'missing',
    found: `you may have ${soft} processes and threads, and ${tasks} exist`,
    cost: 'those of containers count: new ones fail with "resource temporarily unavailable"',
    remedies: [hard >= wanted ? user(`ulimit -S -u ${wanted}`)
      : granted(`${account.name} - nproc ${wanted}`)],
  };
}

/** A line of limits.conf(5), which holds from the next login on. */
function granted(line: string): Remedy {
  return administrator(
    `echo '${line}' >>/etc/security/limits.d/91-berth.conf   # then log in again`);
}

function shown(limit: number): string {
  return limit === Infinity ? 'unlimited' : String(limit);
}
