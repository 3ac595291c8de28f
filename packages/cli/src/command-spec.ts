/** What a command says of itself, from which help, parsing and errors come. */
import type { FlagTable } from './flags/flag.ts';

/** A command's name, arguments and help. */
export interface CommandSpec<T extends FlagTable = FlagTable> {
  /** The words of its name, e.g. `['container', 'prune']`. */
  readonly path: readonly string[];
  /** Operands as help shows them, e.g. `IMAGE [COMMAND [ARG...]]`. */
  readonly operands: string;
  readonly least?: number;
  readonly most?: number;
  readonly summary: string;
  readonly details?: string;
  readonly examples: readonly (readonly [what: string, line: string])[];
  readonly flags: T;
  /** Everything after the first operand is an operand. */
  readonly stopsAtOperand?: boolean;
  /**
   * What the command does when the machine's root calls it, since root has no store itself: `own`
   * runs as root; `looks` runs as root where root has no ids for containers. Any other command runs
   * as the first of root's subordinate ids.
   */
  readonly root?: 'own' | 'looks';
}
