/**
 * Checks of what containers need of a login session: limits, a runtime folder, and that they may
 * stay after logout.
 */
import type { DoctorFacts } from './facts.ts';
import { administrator, ok, user, type Finding, type Remedy } from './finding.ts';
import { isInContainer, startOuter } from './outer-container.ts';

const WANTED_CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids'];

/** Whether --memory, --cpus and --pids-limit have an effect. */
export function checkLimits(facts: DoctorFacts): Finding {
  const { cgroups, account, forRoot } = facts;
  const id = 'limits';
  if (cgroups.version !== 'v2') {
    return {
      id,
      severity: 'missing',
      found: `cgroups are ${cgroups.version}, not v2`,
      cost: "memory, processors and processes of containers can't be limited",
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
      : forRoot ? [] : [ownCgroup(facts)];
  return {
    id,
    severity: 'missing',
    found: `the controllers ${lacking.join(', ')} are not delegated to "${account.name}"` +
      (cgroups.session || forRoot ? '' : ', who has no systemd session'),
    cost: 'limits by these controllers have no effect',
    remedies,
  };
}

/**
 * Without systemd, a cgroup of the user is made for the shell that starts containers. The limits of
 * an outer container hold for all in it.
 */
function ownCgroup(facts: DoctorFacts): Remedy {
  const { account: { name }, session } = facts;
  if (isInContainer(facts)) {
    return startOuter('--memory, --cpus and --pids-limit: they hold for all in it');
  }
  return administrator(`cd /sys/fs/cgroup && mkdir -p berth-${name}/shell && for d in . `
    + `berth-${name}; do echo "+cpu +cpuset +memory +pids" >$d/cgroup.subtree_control; done && `
    + `chown -R ${name} berth-${name} && echo ${session.shell} >berth-${name}/shell/cgroup.procs`);
}

/** Whether containers continue after the user's logout. */
export function checkLinger({ session, account }: DoctorFacts): Finding {
  const id = 'linger';
  if (session.lingers !== false) return ok(id, 'containers outlive your login');
  const by = session.mayAskToLinger ? user : administrator;
  return {
    id,
    severity: 'missing',
    found: 'systemd ends everything of yours with your last login',
    cost: 'containers in the background end with it, and none starts at boot',
    remedies: [by(`loginctl enable-linger ${account.name}`)],
  };
}

/** Whether there is a private runtime directory that is emptied at a reboot. */
export function checkRuntimeDirectory(facts: DoctorFacts): Finding {
  const { session, account } = facts;
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
    remedies: [
      ...(session.hasUsualDirectory ? [] : [lacking(facts)]),
      user(`export XDG_RUNTIME_DIR=/run/user/${account.uid}`),
    ],
  };
}

/** logind makes the folder at a login, or at boot for users who linger. */
function lacking({ account: { name, uid, gid }, cgroups, forRoot }: DoctorFacts): Remedy {
  return administrator(cgroups.systemd && !forRoot
    ? `loginctl enable-linger ${name}`
    : `mkdir -p /run/user && install -d -o ${uid} -g ${gid} -m 700 /run/user/${uid}`);
}
