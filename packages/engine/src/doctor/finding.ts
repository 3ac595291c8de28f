/** What `doctor` says of one thing that containers need of this machine. */

/**
 * ok       as good as it gets
 * slower   it works, and takes longer than it could
 * weaker   it works, and protects or keeps less than it could
 * missing  something can't be had here
 * blocked  no container can run
 */
export type Severity = 'ok' | 'slower' | 'weaker' | 'missing' | 'blocked';

/** A command to type, and who may type it. */
export interface Remedy {
  readonly who: 'user' | 'administrator';
  readonly command: string;
}

/** The result of one check. */
export interface Finding {
  /** A stable name for scripts, e.g. `subordinate-ids`. */
  readonly id: string;
  readonly severity: Severity;
  /** The situation, in a few words. */
  readonly found: string;
  /** What the user loses by it; undefined for `ok`. */
  readonly cost?: string | undefined;
  /** Commands that fix it, in the order of typing; empty where nothing can. */
  readonly remedies: readonly Remedy[];
}

/** A finding that nothing is wrong. */
export function ok(id: string, found: string): Finding {
  return { id, severity: 'ok', found, remedies: [] };
}

/** A remedy for the administrator of the machine. */
export function administrator(command: string): Remedy {
  return { who: 'administrator', command };
}

/** A remedy that needs no rights. */
export function user(command: string): Remedy {
  return { who: 'user', command };
}
