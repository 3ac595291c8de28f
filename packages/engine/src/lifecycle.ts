/**
 * The life cycle of a container as a pure state machine: which operation is allowed in which
 * state, and what to tell a user who asks for another. States are derived from facts on disk,
 * never stored as flags.
 *
 * created    made, never started                    start rm rename
 * running    its first process is alive             stop kill exec attach top pause rename (rm with
 *                                                   force); others join its namespaces
 * paused     running, and held by the freezer        unpause stop kill rename (rm with force)
 * stopping   first process gone, clean-up under way  wait
 * exited     the exit record of its last run exists  start rm rename
 * unknown    dead without an exit record            start rm rename
 * elsewhere  alive on another host or pid namespace  listed only
 */
import { ConflictError } from '@berth/errors';

/** The states, as described above. */
export type ContainerState =
  'created' | 'running' | 'paused' | 'stopping' | 'exited' | 'unknown' | 'elsewhere';

/** An operation that a user asks for. */
export type Operation =
  | 'start' | 'stop' | 'kill' | 'attach' | 'pause' | 'unpause' | 'exec' | 'top' | 'join' | 'remove'
  | 'rename';

const AT_REST: readonly ContainerState[] = ['created', 'exited', 'unknown'];
const ALIVE: readonly ContainerState[] = ['running'];

const ALLOWED: Record<Operation, readonly ContainerState[]> = {
  start: AT_REST,
  stop: [...AT_REST, 'running', 'paused', 'stopping'],
  kill: ['running', 'paused'],
  pause: ALIVE,
  unpause: ['paused'],
  exec: ALIVE,
  attach: ALIVE,
  top: ALIVE,
  join: ALIVE,
  remove: AT_REST,
  rename: [...AT_REST, 'running', 'paused'],
};

/** Whether the operation is possible in the state. */
export function isAllowed(operation: Operation, state: ContainerState): boolean {
  return ALLOWED[operation].includes(state);
}

/** The container that an operation is to be done on. */
export interface Subject {
  name: string;
  state: ContainerState;
  /** The other machine, for `elsewhere`. */
  host: string | undefined;
}

/** How an operation that is refused is told. */
export interface RefusalWords {
  /** In place of the operation's name. */
  purpose?: string;
  /** Other than that of all conflicts. */
  exitStatus?: number;
}

/** Throws ConflictError when the operation is not allowed in the subject's state. */
export function requireAllowed(
  operation: Operation,
  subject: Subject,
  { purpose = PURPOSES[operation] ?? operation, ...status }: RefusalWords = {},
): void {
  if (isAllowed(operation, subject.state)) {
    return;
  }
  if (subject.state === 'elsewhere') throw runsElsewhere(purpose, subject);
  throw new ConflictError(
    'WRONG_STATE',
    `${purpose} container "${subject.name}": it ${NOW[subject.state]}`,
    { ...wayOut(operation, subject), ...status },
  );
}

const PURPOSES: Partial<Record<Operation, string>> = {
  exec: 'exec in', attach: 'attach to', top: 'show the processes of',
};

/** The error for operations that only the container's own machine or pid namespace can do. */
export function runsElsewhere(
  purpose: string,
  { name, host }: Pick<Subject, 'name' | 'host'>,
): ConflictError {
  return new ConflictError(
    'RUNNING_ELSEWHERE',
    `${purpose} container "${name}": it runs elsewhere (${host ?? 'another pid namespace'})`,
    { hint: `use berth there, or berth rm --force ${name} if that machine is gone` },
  );
}

/** The container's condition, as the error message states it. */
const NOW: Record<ContainerState, string> = {
  created: 'was not started yet',
  running: 'is running',
  paused: 'is paused',
  stopping: 'is stopping',
  exited: 'is not running: it has exited',
  unknown: 'is not running: its supervisor was killed, and its exit status is not known',
  elsewhere: 'runs elsewhere',
};

/** Podman's exit status when something can't be removed because it runs. */
const IN_USE_STATUS = 2;

function wayOut(
  operation: Operation,
  subject: Subject,
): { hint: string; exitStatus?: number } | undefined {
  if (['running', 'paused'].includes(subject.state) && operation === 'remove') {
    const hint = `berth stop ${subject.name}, or berth rm --force ${subject.name}`;
    return { hint, exitStatus: IN_USE_STATUS };
  }
  if (subject.state === 'stopping') {
    return { hint: `berth wait ${subject.name}` };
  }
  if (subject.state === 'paused') return { hint: `berth unpause ${subject.name}` };
  if (operation !== 'start' && AT_REST.includes(subject.state)) {
    return { hint: `berth start ${subject.name}` };
  }
  return undefined;
}
