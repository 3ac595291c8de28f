/** Configuration that is shared with other programs: where the user's files are, and reading. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's folder of registries.conf, policy.json and the like. */
export function usersConfiguration(
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const home = environment['HOME'] ?? homedir();
  return join(environment['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'containers');
}

/** The text; undefined where there is no such file. Throws what node:fs throws otherwise. */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    // In a folder that may not be entered (HOME=/root) there is no file of this user's.
    if (code === 'EACCES' && !existsSync(path)) return undefined;
    throw error;
  }
}
