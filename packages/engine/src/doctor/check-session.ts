/**
 * Checks of what containers need of a login session: limits, a runtime folder, and that they may
 * stay after logout.
 */
import type { DoctorFacts } from './facts.ts';
import { administrator, ok, user, type Finding } from './finding.ts';

const WANTED_CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids'];

/** Whether --memory, --cpus and --pids-limit have an effect. */
export function checkLimits({ cgroups, account, forRoot }: DoctorFacts): Finding {
  const id = 'limits';
  if (cgroups.version !== 'v2') {
    return {
      id,
      severity: 'missing',
      found: `cgroups are ${cgroups.version}, not v2`,
      cost: 'memory, processors and processes of containers can not be limited',
      remedies: [administrator('boot with systemd.unified_cgroup_hierarchy=1')],
    };
  }
  const lacking = WANTED_CONTROLLERS.filter((name) => !cgroups.controllers.includes(name));
  if (lacking.length === 0) return ok(id, `limits of ${WANTED_CONTROLLERS.join(', ')}`);
  const folder = '/etc/systemd/system/user@.service.d';
  const remedies = cgroups.session
    ? [administrator(`mkdir -p ${folder} && printf '[Service]\\nDelegate=cpu cpuset io memory ` +
        `pids\\n' >${folder}/delegate.conf && systemctl daemon-reload`)]
    : cgroups.systemd && !forRoot
      ? [administrator(`loginctl enable-linger ${account.name}`),
        user('export XDG_RUNTIME_DIR=/run/user/$(id -u)')]
      : [];
  return {
    id,
    severity: 'missing',
    found: `the controllers ${lacking.join(', ')} are not delegated to "${account.name}"` +
      (cgroups.session || forRoot ? '' : ', who has no systemd session'),
    cost: 'limits by these controllers have no effect',
    remedies,
  };
}

/** Whether containers continue after the user's logout. */
export function checkLinger({ session, account }: DoctorFacts): Finding {
  const id = 'linger';
  if (session.lingers !== false) return ok(id, 'containers outlive your login');
  return {
    id,
    severity: 'missing',
    found: 'systemd ends everything of yours with your last login',
    cost: 'containers in the background end with it, and none starts at boot',
    remedies: [user(`loginctl enable-linger ${account.name}`)],
  };
}

/** Whether there is a private runtime directory that is emptied at a reboot. */
export function checkRuntimeDirectory({ session, account }: DoctorFacts): Finding {
  const id = 'runtime-directory';
  if (session.isRuntimeDirectoryUsable) return ok(id, `runtime folder ${session.runDirectory}`);
  const found = session.runtimeDirectory === undefined
    ? 'XDG_RUNTIME_DIR is not set'
    : `XDG_RUNTIME_DIR "${session.runtimeDirectory}" is not a private folder of yours`;
  return {
    id,
    severity: 'weaker',
    found: `${found}; ${session.runDirectory} is used`,
    cost: 'the first "exec" of each command line is slower in containers of other logins',
    remedies: [user(`export XDG_RUNTIME_DIR=/run/user/${account.uid}`)],
  };
}
