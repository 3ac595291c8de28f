/**
 * What runs in a scope of the user's systemd ends with the user's last session, unless the user
 * lingers (logind.conf(5), loginctl(1)). Who starts a container in the background is told so once
 * in a session.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Engine } from '../engine.ts';

const LINGERING = '/var/lib/systemd/linger';

/** Warns, unless the user lingers or was warned since the runtime folder was made. */
export function sayWhatEndsAtLogout(engine: Engine): void {
  const { name } = engine.account;
  if (existsSync(`${LINGERING}/${name}`) || !isFirst(engine.store.layout.logoutNotice)) return;
  engine.report({
    kind: 'warning',
    message: 'containers in the background end when you log out '
      + `(so that they stay: loginctl enable-linger ${name})`,
  });
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
