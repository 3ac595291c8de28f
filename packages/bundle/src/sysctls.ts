/** Sysctls of a container: only those that belong to a namespace of its own. */
import { UnsupportedError, UsageError } from '@berth/errors';
import type { ContainerRequest } from './request.ts';

const IPC = /^(kernel\.(shm[a-z_]+|msg[a-z]+|sem)|fs\.mqueue\.[a-z_]+)$/;
const NET = /^net\.[A-Za-z0-9_.\/-]+$/;
const UTS = /^kernel\.(hostname|domainname)$/;
const SHARED_NETWORKS: readonly string[] = ['host', 'container', 'path'];
/**
 * Only these characters: `+` and others have been used to smuggle in more settings (CVE-2022-0811).
 */
const VALUE = /^[A-Za-z0-9 \t._:,\/-]*$/;

/**
 * The sysctls. Throws UsageError for those of the host and for invalid names or values,
 * UnsupportedError where none can be set.
 */
export function sysctls(request: ContainerRequest, canSet: boolean): Record<string, string> {
  for (const [key, value] of Object.entries(request.sysctls)) {
    if (key.includes('..') || !VALUE.test(value)) {
      throw new UsageError(
        'BAD_SYSCTL',
        `set the sysctl "${key}=${value}": not a plain name and value`,
      );
    }
    requireOwn(key, request);
    if (!canSet) {
      throw new UnsupportedError('SYSCTL_MASKED', `set the sysctl "${key}": this is inside a ` +
        'container that may not write its /proc/sys', {
        hint: 'leave it out, or start the outer container with --security-opt unmask=ALL',
      });
    }
  }
  if (!canSet) return {};
  return { ...defaults(request), ...request.sysctls };
}

/** Podman's default, which lets the container's root ping without raw sockets. */
function defaults({ network }: ContainerRequest): Record<string, string> {
  return SHARED_NETWORKS.includes(network.kind) ? {} : { 'net.ipv4.ping_group_range': '0 0' };
}

function requireOwn(key: string, request: ContainerRequest): void {
  const sharesNetwork = SHARED_NETWORKS.includes(request.network.kind);
  const isOwn = (namespace: { kind: string }): boolean =>
    !['host', 'container'].includes(namespace.kind);
  const allowed =
    (NET.test(key) && !sharesNetwork) ||
    (IPC.test(key) && isOwn(request.ipc)) ||
    (UTS.test(key) && isOwn(request.uts));
  if (!allowed) {
    throw new UsageError(
      'SYSCTL_OF_HOST',
      `set the sysctl "${key}": it belongs to the host, not to a namespace of the container`,
    );
  }
}
