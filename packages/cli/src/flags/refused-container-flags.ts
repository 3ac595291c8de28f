/** Flags of Podman's `run` that Berth has not: each is refused with what to do instead. */
import { refused } from './flag.ts';

const LATER = 'leave the flag out; a later version will know it';
const NETWORKS = 'leave the flag out: there are no networks with names and addresses of their own';
const HEALTH = 'leave the flag out and look with "berth exec": there are no health checks';
const PODS = 'leave the flag out, and share with --network container:NAME and the like';
const SLICES = 'leave the flag out: where a container is limited is found out, see "berth info"';
const DEVICES = 'leave the flag out: only root of the machine can limit devices';
const NO_SETTING = 'leave the flag out: cgroup v2 has no such setting';

const VALUES: Readonly<Record<string, readonly string[]>> = {
  [LATER]: [
    'chrootdirs', 'gpus', 'requires', 'secret', 'shm-size-systemd',
  ],
  [NETWORKS]: ['ip', 'ip6', 'link-local-ip', 'mac-address', 'network-alias'],
  [HEALTH]: [
    'health-cmd', 'health-interval', 'health-log-destination', 'health-max-log-count',
    'health-max-log-size', 'health-on-failure', 'health-retries', 'health-start-period',
    'health-startup-cmd', 'health-startup-interval', 'health-startup-retries',
    'health-startup-success', 'health-startup-timeout', 'health-timeout',
  ],
  [PODS]: ['init-ctr', 'pod', 'pod-id-file'],
  [SLICES]: ['cgroup-conf'],
  [DEVICES]: ['device-cgroup-rule'],
  [NO_SETTING]: ['cpu-rt-period', 'cpu-rt-runtime'],
};
const TOGGLES: Readonly<Record<string, readonly string[]>> = {
  'leave the flag out: cgroup v2 has no such setting; see --oom-score-adj': ['oom-kill-disable'],
};

/** By name; a command that has them never sees them. Their types are left out on purpose. */
export const REFUSED_CONTAINER_FLAGS = Object.fromEntries([
  ...flagsOf('each', VALUES),
  ...flagsOf('toggle', TOGGLES),
]) as Record<never, never>;

function flagsOf(kind: 'each' | 'toggle', reasons: Readonly<Record<string, readonly string[]>>) {
  return Object.entries(reasons).flatMap(([reason, names]) => {
    const flag = refused(kind, reason);
    return names.map((name) => [name, flag] as const);
  });
}
