/** What the engine reports while it works, as data: the command line decides how it looks. */

/** An event to show to a person who waits. */
export type ProgressEvent =
  | { kind: 'resolving'; name: string }
  | {
      kind: 'layer';
      digest: string;
      state: 'waiting' | 'pulling' | 'unpacking' | 'sending' | 'exists' | 'done';
      currentBytes: number;
      /** 0 while it is unknown. */
      totalBytes: number;
    }
  | { kind: 'config'; digest: string }
  | { kind: 'manifest'; digest: string }
  | { kind: 'retry'; what: string; reason: string; delayMs: number }
  | { kind: 'warning'; message: string };

/** Takes events as they happen; must not throw. */
export type Report = (event: ProgressEvent) => void;
