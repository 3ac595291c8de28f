/**
 * The form of a row: a name to ask for it, a goal, and a function that measures it on the ground
 * that it is given.
 */
import type { Ground } from './ground.ts';
import type { Medians } from './measure.ts';

/** How much of podman's (or another contender's) value berth's may be. */
export interface Goal {
  /** At most this share of the value of `of`; with `atLeast`, at least this multiple. */
  share: number;
  of: string;
  atLeast?: boolean;
}

/** One measured quantity. */
export interface Line {
  title: string;
  unit: 'ms' | 'MiB/s' | 'MiB' | 'KiB' | 'processes';
  medians: Medians;
  goals?: readonly Goal[];
  /** A limit on berth's own value, in the unit of the line. */
  atMost?: number;
}

/** A row of the table; some measure more than one quantity at once. */
export interface Row {
  name: string;
  measure(ground: Ground, rounds: number): Promise<readonly Line[]>;
  /** How many samples of each contender, unless asked for otherwise. */
  rounds: number;
}
