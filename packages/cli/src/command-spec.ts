/** What a command says of itself, from which help, parsing and errors come. */
import type { FlagTable } from './flags/flag.ts';

/** What a command is called, takes and says of itself in help. */
export interface CommandSpec<T extends FlagTable = FlagTable> {
  /** The usual words, e.g. `['container', 'prune']`. */
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
   * What it is to the machine's root, who has no store: `own` is run by root himself, `looks` where
   * root has no ids for containers. Any other command is run as the first of these ids.
   */
  readonly root?: 'own' | 'looks';
}
