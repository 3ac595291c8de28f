/**
 * Flags of `run` in other engines that Berth does not have. Each is refused with a hint what to do
 * instead.
 */
import { foreign, refused } from './flag.ts';

type Reasons = Readonly<Record<string, readonly string[]>>;

const LATER: Reasons = {
  'leave the flag out; a later version will know it': [
    'chrootdirs', 'shm-size-systemd',
  ],
  'leave the flag out, and give the devices: --device /dev/dri': ['gpus'],
  'leave the flag out: the size of a container\'s files can\'t be limited': ['storage-opt'],
  'leave the flag out, and start that container before: berth start NAME': ['requires'],
  'leave the flag out, and bind the file: --volume FILE:/run/secrets/NAME:ro': ['secret'],
  'leave the flag out: there are no networks with names and addresses of their own': [
    'ip', 'ip6', 'link-local-ip', 'mac-address', 'network-alias',
  ],
  'leave the flag out and look with "berth exec": there are no health checks': [
    'health-cmd', 'health-interval', 'health-log-destination', 'health-max-log-count',
    'health-max-log-size', 'health-on-failure', 'health-retries', 'health-start-period',
    'health-startup-cmd', 'health-startup-interval', 'health-startup-retries',
    'health-startup-success', 'health-startup-timeout', 'health-timeout',
  ],
  'leave the flag out, and share with --network container:NAME and the like': [
    'init-ctr', 'pod', 'pod-id-file',
  ],
  'leave the flag out: berth chooses the cgroup, see "berth info"': [
    'cgroup-conf',
  ],
};

const NEVER: Reasons = {
  'leave the flag out: only root of the machine can limit devices': ['device-cgroup-rule'],
  'leave the flag out: cgroup v2 has no such setting': ['cpu-rt-period', 'cpu-rt-runtime'],
  'leave the flag out: the kernel has no such limit any more': ['kernel-memory'],
  'leave the flag out: it is for containers of Windows': [
    'cpu-count', 'cpu-percent', 'io-maxbandwidth', 'io-maxiops', 'isolation',
  ],
  'leave the flag out, and share with --network container:NAME': ['link'],
  'leave the flag out, and use --hostname NAME.DOMAIN': ['domainname'],
  'leave the flag out: volumes are folders, see "berth volume create --help"': ['volume-driver'],
};
const NEVER_TOGGLES: Reasons = {
  'leave the flag out: cgroup v2 has no such setting; see --oom-score-adj': ['oom-kill-disable'],
};

/** The refused flags by name; a command never sees them. Their types are left out on purpose. */
export const REFUSED_CONTAINER_FLAGS = Object.fromEntries([
  ...flagsOf(LATER, (reason) => refused('each', reason)),
  ...flagsOf(NEVER, (reason) => foreign('each', reason)),
  ...flagsOf(NEVER_TOGGLES, (reason) => foreign('toggle', reason)),
]) as Record<never, never>;

function flagsOf<T>(reasons: Reasons, flagOf: (reason: string) => T): (readonly [string, T])[] {
  return Object.entries(reasons).flatMap(([reason, names]) => {
    const flag = flagOf(reason);
    return names.map((name) => [name, flag] as const);
  });
}
