/**
 * The errors that users see: one class per kind, none per message. Bugs are assertions, never
 * one of these.
 */
import { redact } from './redact.ts';

/** What an error says besides its message. */
export interface ErrorOptions {
  /** A command that the user can type, or what to change. */
  hint?: string | undefined;
  cause?: unknown;
  /** Plain data for `--format json`. */
  details?: Record<string, unknown> | undefined;
  /** Overrides the kind's exit status. */
  exitStatus?: number | undefined;
}

const ENGINE_FAILURE = 125;

/** Something that a user can understand and act on. Text is redacted when it is made. */
export abstract class EngineError extends Error {
  /** Stable, e.g. `NO_SUCH_CONTAINER`. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown>;
  readonly exitStatus: number;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint === undefined ? undefined : redact(options.hint);
    this.details = options.details ?? {};
    this.exitStatus = options.exitStatus ?? ENGINE_FAILURE;
  }
}

/** The caller asked wrongly: a bad flag, a bad reference. */
export class UsageError extends EngineError {}

/** No such image, container, volume or network. */
export class NotFoundError extends EngineError {}

/** A name is taken, the state is wrong, something is still in use. */
export class ConflictError extends EngineError {}

/** A digest that does not match, a damaged record, an entry that escapes its root. */
export class IntegrityError extends EngineError {}

/** A registry or the network failed; `details` has method, URL, status and whether it may pass. */
export class TransportError extends EngineError {}

/** A system call failed; `details` has operation, errno and path. */
export class SystemError extends EngineError {
  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(code, message, { ...options, hint: options.hint ?? limitHint(options) });
  }
}

function limitHint({ details, cause }: ErrorOptions): string | undefined {
  const errno = details?.['errno'] ?? (cause as { code?: unknown } | undefined)?.code;
  return errno === 'EMFILE' ? 'raise it: ulimit -n 1024' : undefined;
}

/** The kernel or the host lacks something; the hint says how to get it. */
export class UnsupportedError extends EngineError {}
