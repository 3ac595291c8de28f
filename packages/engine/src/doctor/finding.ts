/** What `doctor` says of one thing that containers need of this machine. */

/**
 * ok       as good as it gets
 * slower   it works, and takes longer than it could
 * weaker   it works, and protects or keeps less than it could
 * missing  something can't be had here
 * blocked  no container can run
 */
export type Severity = 'ok' | 'slower' | 'weaker' | 'missing' | 'blocked';

/** A line to type, and who may type it. */
export interface Remedy {
  readonly who: 'user' | 'administrator';
  readonly command: string;
}

/** The answer of one check. */
export interface Finding {
  /** Stable, for scripts: `subordinate-ids`. */
  readonly id: string;
  readonly severity: Severity;
  /** What is the case, in a few words. */
  readonly found: string;
  /** What that costs; undefined for `ok`. */
  readonly cost?: string | undefined;
  /** What mends it, in the order of typing; empty where nothing can. */
  readonly remedies: readonly Remedy[];
}

/** All is well with this. */
export function ok(id: string, found: string): Finding {
  return { id, severity: 'ok', found, remedies: [] };
}

/** A remedy for who looks after the machine. */
export function administrator(command: string): Remedy {
  return { who: 'administrator', command };
}

/** A remedy that needs no rights. */
export function user(command: string): Remedy {
  return { who: 'user', command };
}
