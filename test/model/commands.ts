/**
 * The commands of the model as berth is asked for them, and what its answers mean. An answer that
 * is none of these words (an internal error, the name of a file, a system call) is a fault.
 */
import fc from 'fast-check';
import type { Lab } from '../e2e/harness.ts';
import type { Result } from '../e2e/execute.ts';
import { giveCgroup } from '../e2e/own-cgroup.ts';
import { isInFront, isMaker, LINE, OWN_STATUS, type Answer, type Verb } from './life-cycle.ts';

/** One command to be run: on which name, and so many milliseconds after the first. */
export interface Command {
  readonly verb: Verb | 'ps';
  readonly name: string;
  /** For `rename`: the new name. */
  readonly other: string;
  readonly delayMs: number;
}

/** So many containers at the most; each has two names between which it is renamed. */
export const CONTAINERS = 10;
const COMMANDS_EACH = 10;
/** The commands on one container begin within so many milliseconds for each. */
const SPREAD_MS = 150;

/** How often each is asked for. */
const WEIGHTS: Readonly<Record<Verb | 'ps', number>> = {
  create: 3, run: 2, 'run brief': 2, 'run --rm': 2, 'run --rm brief': 3, 'run -d': 3,
  'run -d brief': 2, 'run -d --rm': 3, 'run -d --rm brief': 2,
  start: 4, stop: 2, restart: 2, kill: 2, pause: 2, unpause: 2, exec: 2, rename: 3, rm: 2,
  'rm -f': 1, wait: 1, logs: 2, inspect: 3, ps: 2,
};

const verb = fc.oneof(...Object.entries(WEIGHTS).map(([name, weight]) => ({
  weight, arbitrary: fc.constant(name as Verb | 'ps'),
})));

const command = (containers: number): fc.Arbitrary<Command> => fc.record({
  verb, place: fc.nat(containers - 1), isRenamed: fc.nat(3),
  delayMs: fc.nat(SPREAD_MS * containers),
}).map(({ verb: chosen, place, isRenamed, delayMs }) => {
  const names = [`one${place}`, `two${place}`];
  const [name = '', other = ''] = isRenamed === 0 ? names.reverse() : names;
  return { verb: chosen, name, other, delayMs };
});

/** Ten commands at once for each of so many containers. */
export function crowd(containers: number): fc.Arbitrary<Command[]> {
  const size = COMMANDS_EACH * containers;
  return fc.array(command(containers), { minLength: size, maxLength: size });
}

/** Of any size: few containers meet at other moments than many. */
export const anyCrowd = fc.integer({ min: 1, max: CONTAINERS }).chain(crowd);

/** All names that commands may use. */
export const NAMES = Array.from({ length: CONTAINERS }, (_, place) =>
  [`one${place}`, `two${place}`]);

/** A hundred processes on a slow machine take turns. */
const PATIENCE_MS = 300_000;
const LASTING = ['sh', '-c', `echo ${LINE}; exec sleep 1000`];
const BRIEF = ['sh', '-c', `echo ${LINE}; exit ${OWN_STATUS}`];

/** The words of a command that makes a container. */
export function wordsToMake(verb: string, name: string, image: string): string[] {
  const words = verb.split(' ').filter((word) => word !== 'brief');
  const program = verb.includes('brief') ? BRIEF : LASTING;
  return [...words, '--network', 'none', '--name', name, image, ...program];
}

/** Runs the command to its end. */
export async function perform(
  lab: Lab, image: string, { verb: what, name, other }: Omit<Command, 'delayMs'>,
): Promise<Result> {
  const words: Readonly<Record<string, readonly string[]>> = {
    start: ['start', name],
    stop: ['stop', '-t', '0', name],
    restart: ['restart', '-t', '0', name],
    kill: ['kill', name],
    pause: ['pause', name],
    unpause: ['unpause', name],
    exec: ['exec', name, 'true'],
    rename: ['rename', name, other],
    rm: ['rm', name],
    'rm -f': ['rm', '-f', '-t', '0', name],
    wait: ['wait', name],
    logs: ['logs', name],
    inspect: ['container', 'inspect', '-f', '{{.State.Status}}', name],
    ps: ['ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.Status}}'],
  };
  if (what === 'pause') await giveCgroup(lab, name).catch(() => undefined);
  const asked = isMaker(what) ? wordsToMake(what, name, image) : words[what] ?? [];
  return lab.berth(asked, { timeoutMs: PATIENCE_MS });
}

/** What errors mean. */
const MEANINGS: readonly (readonly [RegExp, (found: string) => Answer])[] = [
  [/^Error: .*: (no such container|it is gone)$/m, () => ({ kind: 'absent' })],
  [/^Error: .*: (it|the container has ended or) was removed( meanwhile)?$/m,
    () => ({ kind: 'absent' })],
  [/^Error: start container ".*": it is running or in use by another command$/m,
    () => ({ kind: 'state', state: 'running' })],
  [/^Error: name container ".*": in use by container [0-9a-f]{12}$/m, () => ({ kind: 'taken' })],
  [/^Error: .*: it was not started yet$/m, () => ({ kind: 'state', state: 'created' })],
  [/^Error: .*: it is not running: it has exited$/m, () => ({ kind: 'state', state: 'exited' })],
  [/^Error: remove .*: another command is at work on it$/m, () => ({ kind: 'busy' })],
  [/^Error: read the log of .*: its streams are those of the command that started it$/m,
    () => ({ kind: 'state', state: 'handed' })],
  [/^Error: .*: it has no cgroup of its own$/m, () => ({ kind: 'state', state: 'bare' })],
  [/^Error: .*: it is (created|running|paused|stopping|exited)$/m,
    (state) => ({ kind: 'state', state })],
];

/** The answer in the model's words; undefined when it is none that a user should hear. */
export function meaningOf(
  verb: Verb, { status, stdout, stderr }: Result,
): Answer | undefined {
  if (isInFront(verb) && stderr === '') {
    return { kind: 'exit', status: String(status), text: stdout.trim() };
  }
  if (status === 0 && stderr === '') return { kind: 'ok', text: stdout.trim() };
  if (status === 137 && stderr === '') return { kind: 'killed' };
  for (const [pattern, meaning] of MEANINGS) {
    const [, found = ''] = pattern.exec(stderr) ?? [];
    if (pattern.test(stderr) && status !== 0) return meaning(found);
  }
  return undefined;
}
