/** Checks of what connects containers. */
import type { DoctorFacts } from './facts.ts';
import { administrator, ok, type Finding } from './finding.ts';
import { install } from './packages.ts';

/** Whether a network helper is installed and may use /dev/net/tun. */
export function checkNetworkHelper({
  network, packageManager, namespace, isolation,
}: DoctorFacts): Finding {
  const id = 'network';
  const { pasta, slirp4netns, tun } = network;
  if (!pasta && !slirp4netns) {
    return {
      id,
      severity: 'missing',
      found: 'neither pasta nor slirp4netns is installed',
      cost: 'containers have no network but the host\'s (--network host)',
      remedies: [install(packageManager, 'pasta')],
    };
  }
  if (tun !== 'usable') {
    const isNested = !namespace.isWhole || isolation.isProcMasked;
    const isMissing = tun === 'missing';
    return {
      id,
      severity: 'missing',
      found: isMissing ? 'there is no /dev/net/tun' : '/dev/net/tun may not be opened',
      cost: 'containers have no network but the host\'s (--network host)',
      remedies: [administrator(isNested
        ? 'start the outer container with --device /dev/net/tun'
        : isMissing ? 'modprobe tun' : 'chmod 666 /dev/net/tun')],
    };
  }
  if (!pasta) {
    return {
      id,
      severity: 'slower',
      found: 'slirp4netns connects containers, for pasta is not installed',
      cost: 'a fraction of the throughput, and no published ports',
      remedies: [install(packageManager, 'pasta')],
    };
  }
  return ok(id, 'pasta connects containers');
}

const FIRST_WEB_PORT = 80;

/** Whether users may listen on the usual ports of web servers. */
export function checkLowPorts({ network: { firstPort } }: DoctorFacts): Finding {
  const id = 'low-ports';
  if (firstPort <= FIRST_WEB_PORT) return ok(id, `ports from ${firstPort} on can be published`);
  const value = `net.ipv4.ip_unprivileged_port_start=${FIRST_WEB_PORT}`;
  return {
    id,
    severity: 'missing',
    found: `ports below ${firstPort} can not be published`,
    cost: '-p 80:80 is refused; -p 8080:80 works',
    remedies: [administrator(`echo ${value} >/etc/sysctl.d/91-berth.conf && sysctl --system`)],
  };
}
