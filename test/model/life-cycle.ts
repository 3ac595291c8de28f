/**
 * The life cycle of containers as a model to test against: what each command does to a world of
 * names and containers, step by step, and which answers it may give there. Commands are no single
 * steps: each finds its container by name first and acts on that container afterwards, whatever it
 * is called by then, and `restart` is a stop and a start.
 */

/** What a container is doing. `dying`: it was told to end, and ends at any moment from then on. */
export type Phase = 'created' | 'running' | 'paused' | 'dying' | 'exited';

/** One container of the model. */
export interface Box {
  readonly phase: Phase;
  /** The number of its last run. */
  readonly run: number;
}

/** Who is called what, and how each container is. A name may be reserved for one in the making. */
export interface World {
  readonly names: Readonly<Record<string, number>>;
  readonly boxes: Readonly<Record<number, Box>>;
}

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
  | { readonly kind: 'killed' };

/** A command of the model, with the answer that it gave. */
export interface Act {
  readonly verb: Verb;
  readonly name: string;
  /** For `rename`. */
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

type Step = (world: World, act: Act, progress: Progress) => Outcome[];

/** The steps of each command after it has found its container. */
const STEPS = {
  create: [reserve, publish],
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

/** How a phase may look: one that is dying still runs, or cleans up, or has just ended. */
const SEEN_AS: Readonly<Record<Phase, readonly string[]>> = {
  created: ['created'],
  running: ['running'],
  paused: ['paused'],
  dying: ['running', 'paused', 'stopping', 'exited'],
  exited: ['exited'],
};

function withBox(world: World, id: number, box: Box): World {
  return { ...world, boxes: { ...world.boxes, [id]: box } };
}

function boxOf(world: World, name: string): number | undefined {
  const id = world.names[name];
  return id !== undefined && world.boxes[id] !== undefined ? id : undefined;
}

function find(world: World, act: Act, progress: Progress): Outcome[] {
  const box = boxOf(world, act.name);
  if (box !== undefined) return [next(world, progress, { box })];
  return answers(world, act, act.verb === 'rm -f' ? 'ok' : 'absent');
}

function reserve(world: World, act: Act, progress: Progress): Outcome[] {
  const holder = world.names[act.name];
  const isBeingMade = holder !== undefined && holder < 0;
  if (isBeingMade || boxOf(world, act.name) !== undefined) return answers(world, act, 'taken');
  const box = Number(act.other);
  return [next({ ...world, names: { ...world.names, [act.name]: -box } }, progress, { box })];
}

function publish(world: World, act: Act, { box }: Progress): Outcome[] {
  const named = { ...world, names: { ...world.names, [act.name]: box } };
  return answers(withBox(named, box, { phase: 'created', run: 0 }), act, 'ok');
}

/** The container that a command has found, if it is still there, as it is at this step. */
interface Here {
  readonly world: World;
  readonly act: Act;
  readonly progress: Progress;
  readonly box: Box;
}

/** One that is dying may have ended by now. */
function hereFor(world: World, act: Act, progress: Progress): Here[] {
  const box = world.boxes[progress.box];
  if (box === undefined) return [];
  const ended: Box = { ...box, phase: 'exited' };
  const boxes = box.phase === 'dying' ? [box, ended] : [box];
  return boxes.map((now) => ({
    world: withBox(world, progress.box, now), act, progress, box: now,
  }));
}

/** A step on the container; where it is gone the command says so. */
function onBox(take: (here: Here) => Outcome[]): Step {
  return (world, act, progress) => {
    const here = hereFor(world, act, progress);
    return here.length === 0 ? answers(world, act, 'absent') : here.flatMap(take);
  };
}

function becomes({ world, progress, box }: Here, phase: Phase, run = box.run): World {
  return withBox(world, progress.box, { phase, run });
}

function isAtRest({ phase }: Box): boolean {
  return phase === 'created' || phase === 'exited';
}

/** The run that the command has met is over. */
function isOver({ box, progress }: Here): boolean {
  return isAtRest(box) || box.run !== progress.run;
}

function start(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((here) => {
    if (isAtRest(here.box)) return answers(becomes(here, 'running', here.box.run + 1), act, 'ok');
    const already = here.box.phase === 'paused' ? [] : answers(here.world, act, 'ok');
    return [...already, ...refuses(here.world, act, here.box.phase)];
  })(world, act, progress);
}

function end(world: World, act: Act, progress: Progress): Outcome[] {
  const here = hereFor(world, act, progress);
  if (here.length === 0) return answers(world, act, act.verb === 'rm -f' ? 'ok' : 'absent');
  return here.map((one) => {
    const after = isAtRest(one.box) ? one.world : becomes(one, 'dying');
    return next(after, progress, { run: one.box.run });
  });
}

function ended(world: World, act: Act, progress: Progress): Outcome[] {
  const here = hereFor(world, act, progress);
  if (here.length === 0) return [next(world, progress)];
  return here.filter(isOver).map((one) => next(one.world, progress));
}

/** A wait tells how the run ended: by a kill, which all do here, or never having begun. */
function say(world: World, act: Act, { box, run }: Progress): Outcome[] {
  const { answer } = act;
  const isGone = world.boxes[box] === undefined;
  const statuses = [run === 0 ? '0' : KILLED, ...(isGone ? [UNSEEN] : [])];
  const isTold = act.verb !== 'wait' || (answer.kind === 'ok' && statuses.includes(answer.text));
  return isTold ? answers(world, act, 'ok') : [];
}

function kill(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox((here) => {
    if (isAtRest(here.box)) return refuses(here.world, act, here.box.phase);
    const refusal = here.box.phase === 'dying' ? refuses(here.world, act, 'dying') : [];
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
    if (isOver(here)) return refuses(here.world, act, 'exited');
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
  const here = hereFor(world, act, progress);
  const isCut = here.length === 0 || here.some((one) => isOver(one) || one.box.phase === 'dying');
  return [...answers(world, act, 'ok'), ...(isCut ? answers(world, act, 'killed') : [])];
}

function takeName(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox(({ world: now }) => {
    const holder = now.names[act.other];
    const isTaken = (holder !== undefined && holder < 0) || boxOf(now, act.other) !== undefined;
    if (isTaken && holder !== progress.box) return answers(now, act, 'taken');
    return [next({ ...now, names: { ...now.names, [act.other]: progress.box } }, progress)];
  })(world, act, progress);
}

function leaveNames(world: World, act: Act, { box }: Progress): Outcome[] {
  const kept = Object.entries(world.names)
    .filter(([name, id]) => id !== box || name === act.other);
  return answers({ ...world, names: Object.fromEntries(kept) }, act, 'ok');
}

/** One that another command has removed meanwhile is removed as well. */
function remove(world: World, act: Act, progress: Progress): Outcome[] {
  if (act.answer.kind === 'busy') return answers(world, act, 'busy');
  const here = hereFor(world, act, progress);
  if (here.length === 0) return answers(world, act, 'ok');
  return here.flatMap((one) => {
    if (!isAtRest(one.box)) {
      return act.verb === 'rm -f'
        ? [{ world: becomes(one, 'dying'), progress }] : refuses(one.world, act, one.box.phase);
    }
    const boxes = Object.entries(one.world.boxes).filter(([id]) => Number(id) !== progress.box);
    return answers({ ...one.world, boxes: Object.fromEntries(boxes) }, act, 'ok');
  });
}

function noteRun(world: World, act: Act, progress: Progress): Outcome[] {
  return onBox(({ world: now, box }) => [next(now, progress, { run: box.run })])(
    world, act, progress);
}

function look(world: World, act: Act, progress: Progress): Outcome[] {
  const { answer } = act;
  return onBox(({ world: now, box }) => {
    const isSeen = act.verb !== 'inspect'
      || (answer.kind === 'ok' && SEEN_AS[box.phase].includes(answer.text));
    return isSeen ? answers(now, act, 'ok') : [];
  })(world, act, progress);
}
