/** Error kinds, their codes and exit statuses, and the redaction of what they quote. */
export {
  ConflictError,
  EngineError,
  IntegrityError,
  NotFoundError,
  SystemError,
  TransportError,
  UnsupportedError,
  UsageError,
  type ErrorOptions,
} from './engine-error.ts';
export { describe, exitStatusOf, isSystemCallError } from './describe.ts';
export { errnoName, errnoWords, systemCodeOf } from './system-code.ts';
export { redact, showControls } from './redact.ts';
