/**
 * The life cycle of containers as a model to test against: what each command does to a world of
 * names and containers, step by step, and which answers it may give there. Commands are no single
 * steps: each finds its container by name first and acts on that container afterwards, whatever it
 * is called by then; `restart` is a stop and a start, and `run` makes a container that others can
 * find before it starts it.
 */
import {
  boxOf, isAtRest, isBeingMade, SEEN_AS, sooner, withBox, withoutBox,
  type Box, type Phase, type World,
} from './world.ts';

/** What a command answered, in the model's words. */
export type Answer =
  | { readonly kind: 'ok'; readonly text: string }
  /** There is no such container, or no longer. */
  | { readonly kind: 'absent' }
  /** It is in a state in which this can't be done. */
  | { readonly kind: 'state'; readonly state: string }
  /** The name is another's. */
  | { readonly kind: 'taken' }
  /** Others were at work on it for too long. */
  | { readonly kind: 'busy' }
  /** The process ended with the run that it belonged to. */
  | { readonly kind: 'killed' }
  /** The container ended, with this exit status and output. */
  | { readonly kind: 'exit'; readonly status: string; readonly text: string };

/** A command of the model, with the answer that it gave. */
export interface Act {
  readonly verb: Verb;
  readonly name: string;
  /** For `rename` the new name; for commands that make a container, its number. */
  readonly other: string;
  readonly answer: Answer;
}

/** How far a command has come, and what it has found. */
export interface Progress {
  readonly step: number;
  readonly box: number;
  readonly run: number;
}

/** A way in which things may go on. */
export interface Outcome {
  readonly world: World;
  readonly progress: Progress;
}

/** The step of a command that has given its answer. */
export const DONE = -1;

/** A command that has not begun. */
export const BEGIN: Progress = { step: 0, box: 0, run: 0 };

/** What `wait` prints of a run that was killed, and of one that was removed before it looked. */
const KILLED = '137';
const UNSEEN = '-1';
/** How short programs end, and the line that every program writes. */
export const OWN_STATUS = '7';
export const LINE = 'up';

type Step = (world: World, act: Act, progress: Progress) => Outcome[];

const IN_FRONT: Step[] = [reserve, publish, startOwn, ended, tell];
const BEHIND: Step[] = [reserve, publish, startOwn];

/** The steps of each command. */
const STEPS = {
  create: [reserve, publish],
  run: IN_FRONT,
  'run brief': IN_FRONT,
  'run --rm': IN_FRONT,
  'run --rm brief': IN_FRONT,
  'run -d': BEHIND,
  'run -d brief': BEHIND,
  'run -d --rm': BEHIND,
  'run -d --rm brief': BEHIND,
  start: [find, start],
  stop: [find, end, ended, say],
  restart: [find, end, ended, start],
  kill: [find, kill],
  pause: [find, findRunning, pause],
  unpause: [find, findPaused, unpause],
  exec: [find, findRunning, endExec],
  rename: [find, takeName, leaveNames],
  rm: [find, remove],
  'rm -f': [find, end, ended, remove],
  wait: [find, noteRun, ended, say],
  logs: [find, look],
  inspect: [find, look],
} satisfies Record<string, Step[]>;

/** The commands that the model knows. */
export type Verb = keyof typeof STEPS;

/** Whether the command makes a container. */
export function isMaker(verb: string): boolean {
  return verb === 'create' || verb.startsWith('run');
}

/** Whether the command lasts as long as the container that it makes. */
export function isInFront(verb: string): boolean {
  return verb.startsWith('run') && !verb.includes(' -d');
}

/** Every way in which the command may take its next step and still give its answer. */
export function advance(world: World, act: Act, progress: Progress): Outcome[] {
  const steps: Step[] = STEPS[act.verb];
  const step = steps[progress.step];
  return step === undefined ? [] : step(world, act, progress);
}

function next(world: World, progress: Progress, found: Partial<Progress> = {}): Outcome {
  return { world, progress: { ...progress, ...found, step: progress.step + 1 } };
}

/** The command ends here when it answered so. */
function answers(world: World, act: Act, kind: Answer['kind']): Outcome[] {
  return act.answer.kind === kind ? [{ world, progress: { ...BEGIN, step: DONE } }] : [];
}

/** The command ends here when it said that the container is in this phase. */
function refuses(world: World, act: Act, phase: Phase): Outcome[] {
  const { answer } = act;
  const isSo = answer.kind === 'state' && SEEN_AS[phase].includes(answer.state);
  return isSo ? [{ world, progress: { ...BEGIN, step: DONE } }] : [];
}

function find(world: World, act: Act, progress: Progress): Outcome[] {
  return sooner(world, boxOf(world, act.name)).flatMap((now) => {
    const box = boxOf(now, act.name);
    if (box !== undefined) return [next(now, progress, { box })];
    return answers(now, act, act.verb === 'rm -f' ? 'ok' : 'absent');
  });
}

function reserve(world: World, act: Act, progress: Progress): Outcome[] {
  return sooner(world, boxOf(world, act.name)).flatMap((now) => {
    if (isBeingMade(now, act.name) || boxOf(now, act.name) !== undefined) {
      return answers(now, act, 'taken');
    }
    const box = Number(act.other);
    return [next({ ...now, names: { ...now.names, [act.name]: -box } }, progress, { box })];
  });
}

function publish(world: World, act: Act, progress: Progress): Outcome[] {
  const { box } = progress;
  const named = { ...world, names: { ...world.names, [act.name]: box } };
  const made = withBox(named, box, {
    phase: 'created', run: 0, isKilled: false, whole: 0,
    isBrief: act.verb.includes('brief'), isRemoved: act.verb.includes('--rm'),
    isHanded: isInFront(act.verb) && act.verb.includes('--rm'),
  });
  return act.verb === 'create' ? answers(made, act, 'ok') : [next(made, progress)];
}

/** The container that a command has found, if it is still there, as it is at this step. */
interface Here {
  readonly world: World;
  readonly act: Act;
  readonly progress: Progress;
  readonly box: Box;
}

/** What may have become of the container by now: the worlds with it, and those without. */
function hereFor(
  world: World, act: Act, progress: Progress,
): { there: Here[]; gone: World[] } {
  const there: Here[] = [];
  const gone: World[] = [];
  for (const now of sooner(world, progress.box)) {
    const box = now.boxes[progress.box];
    if (box === undefined) gone.push(now);
    else there.push({ world: now, act, progress, box });
  }
  return { there, gone };
}

/** A step on the container; where it is gone the command says so. */
function onBox(take: (here: Here) => Outcome[], whenGone?: (now: World) => Outcome[]): Step {
  return (world, act, progress) => {
    const { there, gone } = hereFor(world, act, progress);
    const lost = whenGone ?? ((now: World) => answers(now, act, 'absent'));
    return [...there.flatMap(take), ...gone.flatMap(lost)];
  };
}

function becomes({ world, progress, box }: Here, phase: Phase): World {
  const isKilled = box.isKilled || phase === 'dying';
  return withBox(world, progress.box, { ...box, phase, isKilled });
}

/** A short program begins to end when it begins. */
function runs({ world, progress, box }: Here): World {
  const phase = box.isBrief ? 'dying' : 'running';
  return withBox(world, progress.box, { ...box, phase, run: box.run + 1, isKilled: false });
}

/** The run that the command has met is over. */
function isOver({ box, progress }: Here): boolean {
  return isAtRest(box) || box.phase === 'leaving' || box.run !== progress.run;
}

function start(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((here) => {
    const { box, world: now } = here;
    if (isAtRest(box)) return answers(runs(here), act, 'ok');
    const already = box.phase === 'running' || box.phase === 'dying';
    return [...(already ? answers(now, act, 'ok') : []), ...refuses(now, act, box.phase)];
  })(world, act, progress);
}

/** Another command may have found the new container, and started or removed it. */
function startOwn(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((here) => {
    if (!isAtRest(here.box)) return refuses(here.world, act, 'running');
    const after = runs(here);
    return isInFront(act.verb)
      ? [next(after, progress, { run: here.box.run + 1 })] : answers(after, act, 'ok');
  })(world, act, progress);
}

/** The exit status and the output are those of the run; a kill may come before the line. */
function tell(world: World, act: Act, { box, run }: Progress): Outcome[] {
  const { answer } = act;
  const isTold = answer.kind === 'exit' && statusesOf(world, box, run).includes(answer.status)
    && (answer.text === LINE || (answer.text === '' && answer.status === KILLED));
  return isTold ? answers(world, act, 'exit') : [];
}

/** How a run may have ended; of one before the last less is known. */
function statusesOf(world: World, id: number, run: number): string[] {
  const box = world.boxes[id] ?? world.past[id];
  if (box === undefined || box.run !== run) return [KILLED, OWN_STATUS];
  if (!box.isBrief) return [KILLED];
  return box.isKilled ? [KILLED, OWN_STATUS] : [OWN_STATUS];
}

function end(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((one) => {
    const isEnding = isAtRest(one.box) || one.box.phase === 'leaving';
    const after = isEnding ? one.world : becomes(one, 'dying');
    return [next(after, progress, { run: one.box.run })];
  }, (now) => answers(now, act, act.verb === 'rm -f' ? 'ok' : 'absent'))(world, act, progress);
}

function ended(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((one) => isOver(one) ? [next(one.world, progress)] : [],
    (now) => [next(now, progress)])(world, act, progress);
}

/** A wait tells how the run ended; one that has never begun is told as 0. */
function say(world: World, act: Act, { box, run }: Progress): Outcome[] {
  const { answer } = act;
  const isGone = world.boxes[box] === undefined;
  const statuses = [...(run === 0 ? ['0'] : statusesOf(world, box, run)),
    ...(isGone ? [UNSEEN] : [])];
  const isTold = act.verb !== 'wait' || (answer.kind === 'ok' && statuses.includes(answer.text));
  return isTold ? answers(world, act, 'ok') : [];
}

function kill(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((here) => {
    const { phase } = here.box;
    if (isAtRest(here.box) || phase === 'leaving') return refuses(here.world, act, phase);
    const refusal = phase === 'dying' ? refuses(here.world, act, 'dying') : [];
    return [...answers(becomes(here, 'dying'), act, 'ok'), ...refusal];
  })(world, act, progress);
}

function findRunning(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((here) => {
    const { box, world: now } = here;
    const goesOn = box.phase === 'running' || box.phase === 'dying'
      ? [next(now, progress, { run: box.run })] : [];
    return [...goesOn, ...(box.phase === 'running' ? [] : refuses(now, act, box.phase))];
  })(world, act, progress);
}

function findPaused(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((here) => {
    const { box, world: now } = here;
    const goesOn = box.phase === 'paused' || box.phase === 'dying'
      ? [next(now, progress, { run: box.run })] : [];
    return [...goesOn, ...(box.phase === 'paused' ? [] : refuses(now, act, box.phase))];
  })(world, act, progress);
}

/** Whether it can be paused at all is the machine's matter. */
function pause(world: World, act: Act, progress: Progress): Outcome[] {
  const isBare = act.answer.kind === 'state' && act.answer.state === 'bare';
  return onBox((here) => {
    if (isBare) return [{ world: here.world, progress: { ...BEGIN, step: DONE } }];
    if (isOver(here)) return refuses(here.world, act, 'dying');
    if (here.box.phase === 'dying') {
      return [...answers(here.world, act, 'ok'), ...refuses(here.world, act, 'dying')];
    }
    return answers(becomes(here, 'paused'), act, 'ok');
  })(world, act, progress);
}

function unpause(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((here) => answers(
    here.box.phase === 'paused' && !isOver(here) ? becomes(here, 'running') : here.world, act, 'ok',
  ))(world, act, progress);
}

/** A process that was added lives as long as the run. */
function endExec(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((one) => {
    const isCut = isOver(one) || one.box.phase === 'dying';
    return [...answers(one.world, act, 'ok'), ...(isCut ? answers(one.world, act, 'killed') : [])];
  }, (now) => [...answers(now, act, 'ok'), ...answers(now, act, 'killed')])(world, act, progress);
}

function takeName(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox(({ world: here }) => sooner(here, boxOf(here, act.other)).flatMap((now) => {
    const isTaken = isBeingMade(now, act.other) || boxOf(now, act.other) !== undefined;
    if (isTaken && now.names[act.other] !== progress.box) return answers(now, act, 'taken');
    return [next({ ...now, names: { ...now.names, [act.other]: progress.box } }, progress)];
  }))(world, act, progress);
}

function leaveNames(world: World, act: Act, progress: Progress): Outcome[] {
  const kept = Object.entries(world.names)
    .filter(([name, id]) => id !== progress.box || name === act.other);
  const after = { ...world, names: Object.fromEntries(kept) };
  return onBox((here) => answers(here.world, act, 'ok'),
    (now) => [...answers(now, act, 'ok'), ...answers(now, act, 'absent')])(after, act, progress);
}

/** One that another command has removed meanwhile is removed as well. */
function remove(world: World, act: Act, progress: Progress): Outcome[] {
  if (act.answer.kind === 'busy') return answers(world, act, 'busy');
  return onBox((one) => {
    if (isAtRest(one.box)) return answers(withoutBox(one.world, progress.box), act, 'ok');
    if (act.verb !== 'rm -f') return refuses(one.world, act, one.box.phase);
    return one.box.phase === 'leaving' ? [] : [{ world: becomes(one, 'dying'), progress }];
  }, (now) => answers(now, act, 'ok'))(world, act, progress);
}

function noteRun(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox(({ world: now, box }) => [next(now, progress, { run: box.run })])(
    world, act, progress);
}

function look(world: World, act: Act, progress: Progress): Outcome[] {
  const { answer } = act;
  const isSeen = (box: Box): boolean => {
    if (answer.kind === 'state') return box.isHanded && answer.state === 'handed';
    if (answer.kind !== 'ok') return false;
    if (act.verb === 'inspect') return SEEN_AS[box.phase].includes(answer.text);
    return areLines(answer.text.split('\n').filter((line) => line !== ''), box);
  };
  return onBox(({ world: now, box }) => isSeen(box) ? answers(now, act, answer.kind) : [])(
    world, act, progress);
}

/** Every run writes one line at the most; one that came to its own end has written it. */
function areLines(lines: readonly string[], { run, whole }: Box): boolean {
  return lines.every((line) => line === LINE) && lines.length <= run && lines.length >= whole;
}
