/**
 * How a run takes part in the systemd unit that starts it: sd_notify(3), and SYSTEMD_EXEC_PID of
 * systemd.exec(5). In a login session none of these variables is set, and nothing is looked up.
 */
import { lstatSync } from 'node:fs';
import type { CgroupMode, ContainerRequest } from '@berth/bundle';
import type { RuntimeSpec } from '@berth/oci';

/** Where a container finds the socket of its service manager; images have nothing there. */
const INSIDE = '/run/notify/notify.sock';

/** What the client tells the service manager: `ready`, or only the pid of the `main` process. */
export type Notice = 'ready' | 'main' | undefined;

/** What the client tells when the container runs. */
export function noticeOf({ sdNotify = 'container' }: ContainerRequest): Notice {
  if (managerSocket() === undefined || sdNotify === 'ignore') return undefined;
  return sdNotify === 'conmon' ? 'ready' : 'main';
}

/** With --sdnotify=container the container's program talks to the service manager itself. */
export function withManager(request: ContainerRequest, spec: RuntimeSpec): RuntimeSpec {
  const socket = managerSocket();
  if (noticeOf(request) !== 'main' || socket === undefined || !isSocket(socket)) return spec;
  const mount = {
    destination: INSIDE, type: 'bind', source: socket,
    options: ['bind', 'rprivate', 'nosuid', 'nodev'],
  };
  const env = spec.process.env.filter((entry) => !entry.startsWith('NOTIFY_SOCKET='));
  return {
    ...spec,
    mounts: [...spec.mounts, mount],
    process: { ...spec.process, env: [...env, `NOTIFY_SOCKET=${INSIDE}`] },
  };
}

/**
 * The cgroup mode of this run. systemd accepts a process as a user unit's main process only inside
 * the unit's cgroup. So a container in the background that is to be the main process stays in that
 * cgroup.
 */
export function cgroupModeOf(request: ContainerRequest, background: boolean): CgroupMode {
  const { cgroups = 'enabled', pidFile, supervisorPidFile, staysWithCaller } = request;
  if (cgroups !== 'enabled' || !background) return cgroups;
  const isTold = (pidFile ?? supervisorPidFile) !== undefined || staysWithCaller === true;
  return noticeOf(request) !== undefined || (isMainProcess() && isTold) ? 'split' : 'enabled';
}

/**
 * This process is what a unit has started. A container that it waits for has a cgroup of its own,
 * and would stay when the unit is killed.
 */
export function isMainProcess(): boolean {
  return process.env['SYSTEMD_EXEC_PID'] === String(process.pid);
}

function managerSocket(): string | undefined {
  const name = process.env['NOTIFY_SOCKET'];
  return name === '' ? undefined : name;
}

function isSocket(path: string): boolean {
  try {
    return path.startsWith('/') && lstatSync(path).isSocket();
  } catch {
    return false;
  }
}
