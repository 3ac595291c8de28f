/**
 * Notices that users get once in a session, because they apply to every container that they start.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Engine } from '../engine.ts';

const LINGERING = '/var/lib/systemd/linger';

/**
 * Warns, unless the user lingers: what runs in a scope of the user's systemd ends with the user's
 * last session (logind.conf(5), loginctl(1)).
 */
export function sayWhatEndsAtLogout(engine: Engine): void {
  const { name } = engine.account;
  if (existsSync(`${LINGERING}/${name}`)) return;
  sayOnce(engine, engine.store.layout.logoutNotice, 'containers in the background end when you '
    + `log out (so that they stay: loginctl enable-linger ${name})`);
}

/** Warns: a container below one whose /proc is masked has no procfs of its own. */
export function sayWhatIsMasked(engine: Engine): void {
  sayOnce(engine, engine.store.layout.nestingNotice, 'this is a container with a masked /proc: '
    + 'containers in it see its processes and keep its host name '
    + '(start it with --security-opt unmask=ALL)');
}

/** Not again until the runtime folder is made anew. */
function sayOnce(engine: Engine, marker: string, message: string): void {
  if (isFirst(marker)) engine.report({ kind: 'warning', message });
}

/** Of several commands at once the one that makes the file is the first. */
function isFirst(marker: string): boolean {
  try {
    mkdirSync(dirname(marker), { recursive: true, mode: 0o700 });
    closeSync(openSync(marker, 'wx', 0o600));
    return true;
  } catch {
    return false;
  }
}
