/**
 * Decides how a container's resources are limited here: by a transient scope of the user's
 * systemd, by a delegated cgroup v2 folder, or not at all and why.
 */
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '@berth/errors';
import { limitWrites, writesInFolder, type LimitWrite } from './cgroup-files.ts';
import {
  CGROUP_ROOT, controllersFor, controllersIn, delegatedControllers, hasSystemdSession, ownCgroup,
  ROOT_CGROUP, ROOT_COMMANDS,
} from './delegated-controllers.ts';
import { systemdScope, type PreparedScope, type ScopeLimits } from './systemd-scope.ts';

/** The limits of one run, and what is known of the caller. */
export interface CgroupWish {
  id: string;
  runNumber: number;
  limits: ScopeLimits;
  /** True when the user asked for a limit; false when only default limits would apply. */
  explicit: boolean;
  runtimeDirectory: string | undefined;
  uid: number;
  /** The caller is the machine's root, whose containers have their own part of the cgroup tree. */
  forRoot: boolean;
  /**
   * `enabled`: the container has a cgroup of its own. `disabled`: it stays in the cgroup of whoever
   * starts it. `split`: it gets one below that.
   */
  mode: 'enabled' | 'disabled' | 'split';
  /**
   * A slice of systemd, or a path below /sys/fs/cgroup; undefined chooses what this machine offers.
   */
  parent?: string | undefined;
}

/** How a run gets its cgroup: as a systemd scope, as a folder, or not at all. */
export type CgroupSettings = {
  /** What can't be limited, and why; only set where the user asked for it. */
  reason?: string | undefined;
  /**
   * True: the container does not start without its cgroup, because the user asked for limits that
   * this machine offers.
   */
  isRequired?: boolean;
  /** The cgroup that the supervisor enters first, with the rights of the machine's root. */
  from?: string | undefined;
} & (
  | { kind: 'scope'; busSocket: string; scope: PreparedScope }
  | { kind: 'directory'; path: string; writes: { file: string; value: string }[] }
  | { kind: 'none' }
);

/** The way to a cgroup for this wish. Throws UsageError for a parent that can't be used. */
export function cgroupSettings(wish: CgroupWish): CgroupSettings {
  const { mode, parent, runtimeDirectory } = wish;
  if (wish.forRoot && mode === 'enabled') return belowRoots(wish);
  if (mode === 'disabled') return none(wish, '--cgroups=disabled leaves it to the caller');
  const isSlice = parent?.endsWith('.slice') === true;
  const isFolder = parent !== undefined && !isSlice;
  if (mode === 'enabled' && !isFolder && runtimeDirectory !== undefined
    && hasSystemdSession(runtimeDirectory)) {
    return scope(wish, join(runtimeDirectory, 'bus'));
  }
  if (isSlice) {
    throw new UsageError('NO_SLICES', `use the cgroup parent "${parent}": there is no systemd `
      + 'session that could have slices', { hint: 'name a folder below /sys/fs/cgroup' });
  }
  return delegatedDirectory(wish, isFolder ? parentFolder(parent) : undefined);
}

/**
 * For the machine's root. systemd is not asked, because it answers only root, and the caller has
 * already become another id.
 */
function belowRoots(wish: CgroupWish): CgroupSettings {
  const { parent } = wish;
  const chosen = parent === undefined ? undefined : parentFolder(parent);
  if (chosen !== undefined && !chosen.startsWith(`${ROOT_CGROUP}/`)) {
    throw new UsageError('BAD_CGROUP_PARENT', `use the cgroup parent "${parent}": root's `
      + `containers are limited below ${ROOT_CGROUP}`, {
      hint: `--cgroup-parent /berth/${basename(chosen)}`,
    });
  }
  return { ...delegatedDirectory(wish, chosen), from: ROOT_COMMANDS };
}

function scope(wish: CgroupWish, busSocket: string): CgroupSettings {
  const prepared = systemdScope({
    // The name includes the time, because a start that was killed may have left a scope with the
    // same run number.
    unit: `berth-${wish.id.slice(0, 12)}-${wish.runNumber}-${Date.now().toString(36)}.scope`,
    description: `Berth container ${wish.id.slice(0, 12)}`,
    uid: wish.uid,
    limits: wish.limits,
    slice: wish.parent === undefined ? undefined : basename(wish.parent),
  });
  return {
    kind: 'scope', busSocket, scope: prepared, isRequired: wish.explicit,
    reason: wish.explicit ? whatSystemdLacks(wish) : undefined,
  };
}

/** Answers what systemd can't limit here. systemd itself ignores such limits silently. */
function whatSystemdLacks({ uid, limits, forRoot }: CgroupWish): string | undefined {
  const given = delegatedControllers({ uid, forRoot, session: true });
  const lacking = controllersOf(limitWrites(limits)).filter((name) => !given.includes(name));
  return lacking.length === 0
    ? undefined
    : `the controllers ${lacking.join(', ')} are not delegated to this user (see berth doctor)`;
}

function controllersOf(writes: readonly LimitWrite[]): string[] {
  return [...new Set(writes.map(({ controller }) => controller))];
}

function delegatedDirectory(wish: CgroupWish, chosen: string | undefined): CgroupSettings {
  const wanted = limitWrites(wish.limits);
  const own = ownCgroup();
  if (own === undefined) {
    return none(wish, 'cgroup v2 is not mounted at /sys/fs/cgroup');
  }
  if (chosen !== undefined) prepareParent(chosen, controllersOf(wanted));
  if (wish.mode === 'split' && wish.explicit) makeRoom(own, wanted);
  const parents = chosen !== undefined ? [chosen] : parentsHere(wish, own);
  const parent = parents.find((folder) => canHold(folder, wanted));
  if (parent !== undefined) {
    const { writes, missing } = writesInFolder(parent, wanted);
    return {
      kind: 'directory',
      path: join(parent, `berth-${wish.id.slice(0, 12)}-${wish.runNumber}`),
      writes,
      isRequired: wish.explicit,
      reason: !wish.explicit || missing.length === 0
        ? undefined : `the kernel has no ${missing.join(', ')}`,
    };
  }
  return none(wish, whyNowhere(wish, controllersOf(wanted), chosen));
}

function parentsHere({ mode, forRoot }: CgroupWish, own: string): string[] {
  if (mode === 'split') return [own];
  return forRoot ? [ROOT_CGROUP] : [dirname(own), own];
}

function whyNowhere(
  { mode, forRoot }: CgroupWish,
  wanted: readonly string[],
  chosen: string | undefined,
): string {
  const controllers = wanted.join(', ');
  if (forRoot && mode === 'enabled') {
    return `${CGROUP_ROOT} does not hand on the controllers ${controllers}`;
  }
  if (chosen === undefined && ownCgroup() === CGROUP_ROOT && isOuterRoot()) {
    return `the cgroup of this container has processes itself, so that it can't hand on the `
      + `controllers ${controllers} (move them to one below it)`;
  }
  const where = chosen !== undefined
    ? `--cgroup-parent ${chosen}` : mode === 'split' ? '--cgroups=split' : 'no systemd session';
  return `${where}, and the controllers ${controllers} are not delegated to this user`;
}

function none(wish: CgroupWish, reason: string): CgroupSettings {
  return { kind: 'none', reason: wish.explicit ? reason : undefined };
}

/** The folder that a path of --cgroup-parent means. */
function parentFolder(typed: string): string {
  const path = typed.startsWith(`${CGROUP_ROOT}/`) ? typed.slice(CGROUP_ROOT.length) : typed;
  if (path.split('/').includes('..')) {
    throw new UsageError('BAD_CGROUP_PARENT', `use the cgroup parent "${typed}": it has ".."`);
  }
  return join(CGROUP_ROOT, path);
}

/** Makes the folder and enables the controllers for its children, as far as the user may. */
function prepareParent(folder: string, controllers: readonly string[]): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    return;
  }
  for (const name of controllers) {
    writeIfMay(join(folder, 'cgroup.subtree_control'), `+${name}`);
  }
}

/** When the write is refused, or the process has ended, canHold() finds out what is missing. */
function writeIfMay(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch {
    return;
  }
}

/**
 * A cgroup that has processes can't enable controllers for its children ("no internal processes" of
 * cgroup-v2.rst). So its processes move to a new cgroup beside the container's; Podman uses the
 * same name for it.
 */
function makeRoom(own: string, wanted: readonly LimitWrite[]): void {
  const here = controllersIn(own);
  const controllers = controllersOf(wanted);
  if (canHold(own, wanted) || controllers.some((name) => !here.includes(name))) return;
  const aside = join(own, 'supervisor');
  prepareParent(aside, []);
  for (const pid of readFileSync(join(own, 'cgroup.procs'), 'utf8').trim().split('\n')) {
    writeIfMay(join(aside, 'cgroup.procs'), pid);
  }
  prepareParent(own, controllers);
}

/**
 * Whether the cgroup seen as the root is in truth the cgroup of a container (the real root has no
 * cgroup.type file) and can be written to.
 */
function isOuterRoot(): boolean {
  try {
    accessSync(join(CGROUP_ROOT, 'cgroup.type'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Controllers reach a child only when its parent's subtree_control lists them. */
function canHold(folder: string, wanted: readonly LimitWrite[]): boolean {
  const given = controllersFor(folder);
  return wanted.length > 0 && wanted.every(({ controller }) => given.includes(controller));
}
