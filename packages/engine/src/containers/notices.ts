/**
 * Notices that users get once in a session, because they apply to every container that they start.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Engine } from '../engine.ts';

const LINGERING = '/var/lib/systemd/linger';

/**
 * Warns users without lingering: processes in a scope of the user's systemd end with the user's
 * last session (logind.conf(5), loginctl(1)).
 */
export function sayWhatEndsAtLogout(engine: Engine): void {
  const { name } = engine.account;
  if (existsSync(`${LINGERING}/${name}`)) return;
  sayOnce(engine, engine.store.layout.logoutNotice, 'containers in the background end when you '
    + `log out (so that they stay: loginctl enable-linger ${name})`);
}

/** Warns that a container started below one with a masked /proc can't have a procfs of its own. */
export function sayWhatIsMasked(engine: Engine): void {
  sayOnce(engine, engine.store.layout.nestingNotice, 'this is a container with a masked /proc: '
    + 'containers in it see its processes and keep its host name '
    + '(start it with --security-opt unmask=ALL)');
}

/** Says the message once, until the runtime folder is made anew (after a reboot or logout). */
function sayOnce(engine: Engine, marker: string, message: string): void {
  if (isFirst(marker)) engine.report({ kind: 'warning', message });
}

/** Whether this command made the marker; of several commands at once only one does. */
function isFirst(marker: string): boolean {
  try {
    mkdirSync(dirname(marker), { recursive: true, mode: 0o700 });
    closeSync(openSync(marker, 'wx', 0o600));
    return true;
  } catch {
    return false;
  }
}
