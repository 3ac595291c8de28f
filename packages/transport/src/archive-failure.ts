/** Turns errors of the file system with archives into errors for users. */
import { SystemError, systemCodeOf } from '@berth/errors';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk reports an error',
  EISDIR: 'it is a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on the device',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
};

/** `error` as a SystemError when it is a system call's, else as it is. */
export function archiveError(
  error: unknown,
  { action, path }: { action: string; path: string },
): unknown {
  if (!(error instanceof Error) || !('errno' in error)) return error;
  const code = systemCodeOf(error) ?? '';
  return new SystemError('ARCHIVE_IO', `${action} "${path}": ${REASONS[code] ?? code}`, {
    details: { errno: code, path },
  });
}
