/** Which cgroup v2 controllers can limit the containers of a user. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the unified hierarchy is mounted. */
export const CGROUP_ROOT = '/sys/fs/cgroup';

/** The cgroup that `berth-native become` makes for the containers of the machine's root. */
export const ROOT_CGROUP = join(CGROUP_ROOT, 'berth');

/** The cgroup in which the supervisors of these containers start. */
export const ROOT_COMMANDS = join(ROOT_CGROUP, 'commands');

/** Whether the user's systemd can be asked for scopes. */
export function hasSystemdSession(runtimeDirectory: string | undefined): boolean {
  return runtimeDirectory !== undefined && existsSync(join(runtimeDirectory, 'bus'))
    && existsSync('/run/systemd/system');
}

/**
 * The controllers that containers of this user can be limited by. With systemd: those that the
 * user's systemd delegates. Without: those that the caller's own cgroup, or its parent, enables for
 * its children, as cgroupSettings() needs them. For the machine's root: those of its own cgroup.
 */
export function delegatedControllers(
  caller: { uid: number; forRoot: boolean; session: boolean },
): string[] {
  if (caller.forRoot) return words(join(ROOT_CGROUP, 'cgroup.subtree_control'));
  if (caller.session) {
    const unit = `user.slice/user-${caller.uid}.slice/user@${caller.uid}.service`;
    return words(join(CGROUP_ROOT, unit, 'cgroup.controllers'));
  }
  const own = ownCgroup();
  if (own === undefined) return [];
  const given = [dirname(own), own].map((folder) => controllersFor(folder));
  return given.find((controllers) => controllers.length > 0) ?? [];
}

/**
 * The folder of the caller's own cgroup; undefined where the unified hierarchy is not mounted at
 * its usual place. In a container it may be the root of the visible tree.
 */
export function ownCgroup(): string | undefined {
  if (!existsSync(join(CGROUP_ROOT, 'cgroup.controllers'))) return undefined;
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  return own === undefined ? undefined : join(CGROUP_ROOT, own).replace(/\/$/, '');
}

/** The controllers that a new cgroup, made by the caller in the folder, would have. */
export function controllersFor(folder: string): string[] {
  if (folder !== CGROUP_ROOT && !folder.startsWith(`${CGROUP_ROOT}/`)) return [];
  try {
    accessSync(folder, constants.W_OK);
    accessSync(join(folder, 'cgroup.procs'), constants.W_OK);
  } catch {
    return [];
  }
  return words(join(folder, 'cgroup.subtree_control'));
}

/** The controllers of the folder's own cgroup. */
export function controllersIn(folder: string): string[] {
  return words(join(folder, 'cgroup.controllers'));
}

function words(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter((word) => word !== '');
  } catch {
    return [];
  }
}
