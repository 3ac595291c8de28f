/**
 * The world of the model: who is called what, how each container is, and what time alone may do to
 * it. A container that was told to end, or whose program is a short one, ends at any moment; with
 * --rm it is gone a little later.
 */

/**
 * What a container is doing. `dying`: it ends at any moment. `leaving`: it has ended, and is being
 * removed.
 */
export type Phase = 'created' | 'running' | 'paused' | 'dying' | 'leaving' | 'exited';

/** One container of the model. */
export interface Box {
  readonly phase: Phase;
  /** The number of its last run. */
  readonly run: number;
  /** Its program writes a line and ends; that of others writes one and stays. */
  readonly isBrief: boolean;
  /** It is removed when it ends. */
  readonly isRemoved: boolean;
  /** It may have no log: what it writes goes to the command that made it. */
  readonly isHanded: boolean;
  /** Its last run was told to end. */
  readonly isKilled: boolean;
  /** So many of its runs came to their own end: each of them has written its line. */
  readonly whole: number;
}

/** Names and containers. A name may be reserved for a container in the making: minus its number. */
export interface World {
  readonly names: Readonly<Record<string, number>>;
  readonly boxes: Readonly<Record<number, Box>>;
  /** How those were that are gone. */
  readonly past: Readonly<Record<number, Box>>;
}

/** How a phase may look: one that is dying still runs, or cleans up, or has just ended. */
export const SEEN_AS: Readonly<Record<Phase, readonly string[]>> = {
  created: ['created'],
  running: ['running'],
  paused: ['paused'],
  dying: ['running', 'paused', 'stopping', 'exited'],
  leaving: ['stopping', 'exited'],
  exited: ['exited'],
};

/** A world with nothing in it. */
export const NOTHING: World = { names: {}, boxes: {}, past: {} };

/** The same with this container in this state. */
export function withBox(world: World, id: number, box: Box): World {
  return { ...world, boxes: { ...world.boxes, [id]: box } };
}

/** The same without the container; a name that leads nowhere is free. */
export function withoutBox(world: World, id: number): World {
  const { [id]: box, ...boxes } = world.boxes;
  return box === undefined ? world : { ...world, boxes, past: { ...world.past, [id]: box } };
}

/** The container of that name. */
export function boxOf(world: World, name: string): number | undefined {
  const id = world.names[name];
  return id !== undefined && world.boxes[id] !== undefined ? id : undefined;
}

/** Whether a container is being made that will have the name. */
export function isBeingMade(world: World, name: string): boolean {
  const id = world.names[name];
  return id !== undefined && id < 0;
}

/** The world as it is, and as it may be by now, with regard to one container. */
export function sooner(world: World, id: number | undefined): World[] {
  const box = id === undefined ? undefined : world.boxes[id];
  if (id === undefined || box === undefined) return [world];
  const whole = box.whole + (box.isBrief && !box.isKilled ? 1 : 0);
  if (box.phase === 'dying' && !box.isRemoved) {
    return [world, withBox(world, id, { ...box, phase: 'exited', whole })];
  }
  if (box.phase === 'dying') {
    return [world, withBox(world, id, { ...box, phase: 'leaving' }), withoutBox(world, id)];
  }
  return box.phase === 'leaving' ? [world, withoutBox(world, id)] : [world];
}

/** Nothing of the container runs, and it stays. */
export function isAtRest({ phase }: Box): boolean {
  return phase === 'created' || phase === 'exited';
}

/** What tells two worlds apart. */
export function textOf({ names, boxes, past }: World): string {
  const texts = [boxes, past].map((some) => Object.entries(some)
    .map(([id, { phase, run, isKilled, whole }]) =>
      `${id}${phase}${run}${isKilled ? 'k' : ''}${whole}`).join());
  return `${Object.entries(names).sort().join()} ${texts.join(' ')}`;
}
