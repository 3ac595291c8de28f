/**
 * The state of a container, derived from facts and never from a flag: the summary says what was
 * recorded, the exit record whether that run ended, and the machine whether the recorded processes
 * are still alive. Pure: the caller passes the facts of the machine.
 */
import { isAlive, readHostFacts } from '@berth/host';
import type { ProcessIdentity, RunExit, Summary } from './summary.ts';

/**
 * created    never started
 * running    its supervisor and its first process live
 * paused     so they do, and the kernel's freezer holds them (paused.ts)
 * stopping   one of the two lives: clean-up is under way, or the supervisor was killed and left
 *            an orphan behind (`orphan` names it)
 * exited     the last run has an exit record
 * unknown    the last run is dead and has none: killed with its machine, or by kill -9
 * elsewhere  recorded by another machine, which may still run it, or by another pid namespace of
 *            this one, whose supervisor still holds the container's lock
 */
export type ContainerState =
  'created' | 'running' | 'paused' | 'stopping' | 'exited' | 'unknown' | 'elsewhere';

/** What decides whether a recorded process is one that this command can see. */
export interface LivenessFacts {
  /** As in a summary's `host` line. */
  readonly host: string;
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly isAlive: (pid: number, startTime: string) => boolean;
}

/** A state, and the facts that led to it. */
export interface DerivedState {
  readonly state: ContainerState;
  /** Number of the last run; 0 when there was none. */
  readonly run: number;
  /** Pid of the first process while it lives; else 0. */
  readonly pid: number;
  /** For `elsewhere`: the other machine's name. */
  readonly hostName: string | undefined;
  /** SECONDS.NANOSECONDS. */
  readonly started: string | undefined;
  readonly finished: string | undefined;
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
  /** The first process, if it lives without its supervisor: the next command ends it. */
  readonly orphan: ProcessIdentity | undefined;
}

/** Read only if the summary and the visible processes do not decide the state. */
export interface RunEvidence {
  /** The exit record of the summary's run. */
  readonly readExit: () => RunExit | undefined;
  /** True if a supervisor has made the container's lock, and no process holds it. */
  readonly isLockFree: () => boolean;
}

const MACHINE_ID_LENGTH = 12;

/** The facts of this process's machine, boot and pid namespace. */
export function readLivenessFacts(): LivenessFacts {
  const { bootId, machineId, hostName, pidNamespace } = readHostFacts();
  const machine = machineId === '' ? '-' : machineId.slice(0, MACHINE_ID_LENGTH);
  return { host: `${machine}:${hostName}`, bootId, pidNamespace, isAlive };
}

/**
 * The state that the facts prove. The evidence is read only if the summary does not say how the run
 * ended, and its processes are gone or can't be seen.
 */
export function deriveState(
  summary: Summary,
  evidence: RunEvidence,
  facts: LivenessFacts,
): DerivedState {
  const { readExit, isLockFree } = evidence;
  if (summary.run === 0) return stateOf('created', summary);
  if (summary.ended !== undefined) return stateOf('exited', summary, { exit: summary.ended });
  const exit = isVisible(summary, facts) ? undefined : readExit();
  if (exit !== undefined) return stateOf('exited', summary, { exit });
  if (summary.bootId !== facts.bootId) {
    return summary.host === facts.host ? stateOf('unknown', summary) : elsewhere(summary);
  }
  if (summary.pidNamespace === facts.pidNamespace) return liveState(summary, readExit, facts);
  return isLockFree() ? endedState(summary, readExit) : elsewhere(summary);
}

/** A boot id belongs to one machine, even if that was renamed since. */
function isVisible(summary: Summary, facts: LivenessFacts): boolean {
  return summary.bootId === facts.bootId && summary.pidNamespace === facts.pidNamespace;
}

function liveState(
  summary: Summary,
  readExit: () => RunExit | undefined,
  facts: LivenessFacts,
): DerivedState {
  const { init, supervisor } = summary;
  const hasInit = lives(init, facts);
  if (lives(supervisor, facts)) {
    return hasInit
      ? stateOf('running', summary, { pid: init?.pid })
      : stateOf('stopping', summary);
  }
  if (hasInit) return stateOf('stopping', summary, { pid: init?.pid, orphan: init });
  return endedState(summary, readExit);
}

/** The exit record is read only now, when it can't appear any more. */
function endedState(summary: Summary, readExit: () => RunExit | undefined): DerivedState {
  const exit = readExit();
  return exit === undefined
    ? stateOf('unknown', summary) : stateOf('exited', summary, { exit });
}

function lives(process: ProcessIdentity | undefined, facts: LivenessFacts): boolean {
  return process !== undefined && facts.isAlive(process.pid, process.startTime);
}

function elsewhere(summary: Summary): DerivedState {
  const hostName = summary.host?.slice(summary.host.indexOf(':') + 1);
  return stateOf('elsewhere', summary, { hostName });
}

interface Extra {
  exit?: RunExit | undefined;
  pid?: number | undefined;
  orphan?: ProcessIdentity | undefined;
  hostName?: string | undefined;
}

function stateOf(state: ContainerState, summary: Summary, extra: Extra = {}): DerivedState {
  return {
    state,
    run: summary.run,
    pid: extra.pid ?? 0,
    hostName: extra.hostName,
    started: extra.exit?.started ?? summary.started,
    finished: extra.exit?.finished,
    exitCode: extra.exit?.exitCode,
    oomKilled: extra.exit?.oomKilled ?? false,
    orphan: extra.orphan,
  };
}
