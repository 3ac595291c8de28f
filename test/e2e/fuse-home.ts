/** Homes on a FUSE file system that its user alone sees: the kernel mounts no overlay there. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from './harness.ts';

/** A folder on a file system of its own, which has these options of bindfs until the file ends. */
export async function mountHome(
  lab: Lab,
  name: string,
  ...options: string[]
): Promise<string> {
  const [back, home] = [path.join(lab.folder, `${name}-back`), path.join(lab.folder, name)];
  mkdirSync(back);
  mkdirSync(home);
  execFileSync('bindfs', ['--no-allow-other', ...options, back, home]);
  lab.atEnd(async () => {
    // A supervisor that has just ended may have a file open.
    for (let left = 100; left > 0; left -= 1) {
      try {
        return execFileSync('fusermount3', ['-u', home], { stdio: 'ignore' });
      } catch {
        await sleep(50);
      }
    }
    throw new Error(`${home} stays mounted`);
  });
  return home;
}
