/** `--log-driver` and `--log-opt`. */
import type { LogRequest } from '@berth/engine';
import { UnsupportedError, UsageError } from '@berth/errors';
import { absolutePath } from '../current-folder.ts';
import { parseSize } from './size.ts';

const DRIVERS: Readonly<Record<string, LogRequest['driver']>> = {
  'k8s-file': 'k8s-file',
  'json-file': 'json-file',
  none: 'none',
  passthrough: 'passthrough',
  'passthrough-tty': 'passthrough',
};

/**
 * Where the log goes. Throws UsageError for unknown options, UnsupportedError for drivers that
 * Berth does not have.
 */
export function parseLog(driver: string | undefined, options: readonly string[]): LogRequest {
  const known = driver !== undefined && Object.hasOwn(DRIVERS, driver)
    ? DRIVERS[driver] : undefined;
  if (driver !== undefined && known === undefined) {
    throw new UnsupportedError('LOG_DRIVER', `use the log driver "${driver}": not supported`, {
      hint: driver === 'journald'
        ? 'in a unit, use --log-driver passthrough: systemd writes the output to the journal'
        : 'use k8s-file, json-file, none or passthrough',
    });
  }
  const log: LogRequest = {
    driver: known, maxSizeBytes: undefined, maxFiles: undefined, path: undefined, tag: undefined,
  };
  for (const option of options) {
    readOption(log, option);
  }
  return log;
}

function readOption(log: LogRequest, option: string): void {
  const equals = option.indexOf('=');
  const name = equals < 0 ? option : option.slice(0, equals);
  const value = option.slice(equals + 1);
  switch (equals < 0 ? '' : name) {
    case 'max-size':
      log.maxSizeBytes = value === '-1' ? undefined : parseSize(value, 'log-opt');
      return;
    case 'max-file':
      if (!/^[1-9]\d{0,3}$/.test(value)) {
        throw new UsageError('BAD_LOG_OPT', `read --log-opt "${option}": not a number of files`);
      }
      log.maxFiles = Number(value);
      return;
    case 'path':
      log.path = absolutePath(value);
      return;
    case 'tag':
      log.tag = value;
      return;
    default:
      throw new UsageError('BAD_LOG_OPT', `read --log-opt "${option}": no such option`, {
        hint: 'use max-size=, max-file=, path= or tag=',
      });
  }
}
