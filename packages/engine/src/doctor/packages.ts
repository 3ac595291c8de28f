/** The line by which an administrator installs a program, in the words of this distribution. */
import { administrator, type Remedy } from './finding.ts';
import type { PackageManager } from './facts.ts';

type Program = 'newuidmap' | 'pasta' | 'fuse-overlayfs';

const INSTALL: Record<NonNullable<PackageManager>, string> = {
  apt: 'apt-get install',
  dnf: 'dnf install',
  zypper: 'zypper install',
  pacman: 'pacman -S',
  apk: 'apk add',
};

const NEWUIDMAP: Record<NonNullable<PackageManager>, string> = {
  apt: 'uidmap',
  dnf: 'shadow-utils',
  zypper: 'shadow',
  pacman: 'shadow',
  apk: 'shadow-subids',
};

/** How `program` is installed; without a known package manager, its name in words. */
export function install(manager: PackageManager, program: Program): Remedy {
  if (manager === undefined) return administrator(`install ${program}`);
  const names: Record<string, string> = { newuidmap: NEWUIDMAP[manager], pasta: 'passt' };
  return administrator(`${INSTALL[manager]} ${names[program] ?? program}`);
}
