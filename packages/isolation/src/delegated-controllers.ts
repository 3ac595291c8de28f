/** Which cgroup v2 controllers containers of a user can be limited by. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the unified hierarchy is mounted. */
export const CGROUP_ROOT = '/sys/fs/cgroup';

/** What `berth-native become` makes for the containers of the machine's root. */
export const ROOT_CGROUP = join(CGROUP_ROOT, 'berth');

/** Where their supervisors begin. */
export const ROOT_COMMANDS = join(ROOT_CGROUP, 'commands');

/** Whether the user's systemd can be asked for scopes. */
export function hasSystemdSession(runtimeDirectory: string | undefined): boolean {
  return runtimeDirectory !== undefined && existsSync(join(runtimeDirectory, 'bus'))
    && existsSync('/run/systemd/system');
}

/**
 * Those that the user's systemd may hand on; without one, those that the caller's own cgroup or
 * the one above it passes to its children, as cgroupSettings() needs them. Root's have a cgroup of
 * their own.
 */
export function delegatedControllers(
  caller: { uid: number; forRoot: boolean; session: boolean },
): string[] {
  if (caller.forRoot) return words(join(ROOT_CGROUP, 'cgroup.subtree_control'));
  if (caller.session) {
    const unit = `user.slice/user-${caller.uid}.slice/user@${caller.uid}.service`;
    return words(join(CGROUP_ROOT, unit, 'cgroup.controllers'));
  }
  const own = /^0::(.*)$/m.exec(words('/proc/self/cgroup').join('\n'))?.[1];
  if (own === undefined || own === '/') return [];
  const folder = join(CGROUP_ROOT, own);
  const given = [dirname(folder), folder]
    .filter((path) => path !== CGROUP_ROOT)
    .map((path) => words(join(path, 'cgroup.subtree_control')));
  return given.find((controllers) => controllers.length > 0) ?? [];
}

function words(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter((word) => word !== '');
  } catch {
    return [];
  }
}
