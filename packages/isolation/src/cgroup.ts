/**
 * Decides how a container's resources are limited here: by a transient scope of the user's
 * systemd, by a delegated cgroup v2 folder, or not at all and why.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemdScope, type PreparedScope, type ScopeLimits } from './systemd-scope.ts';

/** The limits of one run, and what is known of the caller. */
export interface CgroupWish {
  id: string;
  runNumber: number;
  limits: ScopeLimits;
  /** True when the user asked for a limit, false when only defaults would apply. */
  explicit: boolean;
  runtimeDirectory: string | undefined;
  uid: number;
  /** Its own, that of whoever starts it, or one below that. */
  mode: 'enabled' | 'disabled' | 'split';
}

/** How a run gets its cgroup: a systemd scope, a folder, or not at all and why. */
export type CgroupSettings =
  | { kind: 'scope'; busSocket: string; scope: PreparedScope }
  | { kind: 'directory'; path: string; writes: { file: string; value: string }[] }
  | { kind: 'none'; reason: string | undefined };

const CGROUP_ROOT = '/sys/fs/cgroup';
const CPU_PERIOD_US = 100_000;

/** The way for this wish; `none` has a reason only where the user asked for what can't be had. */
export function cgroupSettings(wish: CgroupWish): CgroupSettings {
  if (wish.mode === 'disabled') return none(wish, '--cgroups=disabled leaves it to the caller');
  if (wish.mode === 'split') return delegatedDirectory(wish);
  const bus = wish.runtimeDirectory === undefined ? undefined : join(wish.runtimeDirectory, 'bus');
  if (bus !== undefined && existsSync(bus) && existsSync('/run/systemd/system')) {
    const scope = systemdScope({
      unit: `berth-${wish.id.slice(0, 12)}-${wish.runNumber}-${process.pid}.scope`,
      description: `Berth container ${wish.id.slice(0, 12)}`,
      uid: wish.uid,
      limits: wish.limits,
    });
    return { kind: 'scope', busSocket: bus, scope };
  }
  return delegatedDirectory(wish);
}

function delegatedDirectory(wish: CgroupWish): CgroupSettings {
  const wanted = fileWrites(wish.limits);
  const own = ownCgroup();
  if (own === undefined) {
    return none(wish, 'cgroup v2 is not mounted at /sys/fs/cgroup');
  }
  const parents = wish.mode === 'split' ? [own] : [dirname(own), own];
  const parent = parents.find((folder) => canHold(folder, wanted));
  if (parent !== undefined) {
    const path = join(parent, `berth-${wish.id.slice(0, 12)}-${wish.runNumber}`);
    return { kind: 'directory', path, writes: wanted.map(({ file, value }) => ({ file, value })) };
  }
  const controllers = [...new Set(wanted.map(({ controller }) => controller))].join(', ');
  const session = wish.mode === 'split' ? '--cgroups=split' : 'no systemd session';
  return none(
    wish,
    `${session}, and the controllers ${controllers} are not delegated to this user`,
  );
}

function none(wish: CgroupWish, reason: string): CgroupSettings {
  return { kind: 'none', reason: wish.explicit ? reason : undefined };
}

/** The caller's cgroup v2 folder; undefined where the unified hierarchy is not at its place. */
function ownCgroup(): string | undefined {
  if (!existsSync(join(CGROUP_ROOT, 'cgroup.controllers'))) {
    return undefined;
  }
  const unified = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'));
  return unified?.[1] === undefined ? undefined : join(CGROUP_ROOT, unified[1]);
}

/** Controllers reach a child only when its parent's subtree_control lists them. */
function canHold(folder: string, wanted: readonly Write[]): boolean {
  if (wanted.length === 0 || !folder.startsWith(`${CGROUP_ROOT}/`)) {
    return false;
  }
  try {
    accessSync(folder, constants.W_OK);
    accessSync(join(folder, 'cgroup.procs'), constants.W_OK);
    const given = readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8').trim().split(' ');
    return wanted.every(({ controller }) => given.includes(controller));
  } catch {
    return false;
  }
}

interface Write {
  controller: string;
  file: string;
  value: string;
}

function fileWrites(limits: ScopeLimits): Write[] {
  const writes: Write[] = [];
  const add = (file: string, value: string | undefined): void => {
    if (value !== undefined) {
      writes.push({ controller: file.split('.')[0] ?? file, file, value });
    }
  };
  add('memory.max', limitText(limits.memoryBytes));
  add('memory.low', limitText(limits.memoryReservationBytes));
  add('memory.swap.max', limitText(limits.swapBytes));
  add('pids.max', limitText(limits.pids));
  add('cpu.weight', limits.cpuWeight?.toString());
  if (limits.cpus !== undefined) {
    add('cpu.max', `${Math.round(limits.cpus * CPU_PERIOD_US)} ${CPU_PERIOD_US}`);
  }
  add('cpuset.cpus', limits.processors?.join(','));
  return writes;
}

function limitText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : Number.isFinite(value) ? String(value) : 'max';
}
