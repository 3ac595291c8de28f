/** Checks of what connects containers. */
import type { DoctorFacts } from './facts.ts';
import { administrator, ok, type Finding, type Remedy } from './finding.ts';
import { isInContainer, startOuter } from './outer-container.ts';
import { install } from './packages.ts';

/** Whether a network helper is installed and may use /dev/net/tun. */
export function checkNetworkHelper(facts: DoctorFacts): Finding {
  const { network, packageManager } = facts;
  const id = 'network';
  const { pasta, pastaFails, slirp4netns, tun } = network;
  const noTun = tun === 'missing' ? 'there is no /dev/net/tun' : '/dev/net/tun may not be opened';
  const lacking = [
    ...(pasta || slirp4netns ? [] : ['neither pasta nor slirp4netns is installed']),
    ...(tun === 'usable' ? [] : [noTun]),
  ];
  if (lacking.length > 0) {
    return {
      id,
      severity: 'missing',
      found: lacking.join(', and '),
      cost: 'containers have no network but the host\'s (--network host)',
      remedies: [
        ...(pasta || slirp4netns ? [] : [install(packageManager, 'pasta')]),
        ...(tun === 'usable' ? [] : [tunRemedy(facts)]),
      ],
    };
  }
  if (pastaFails !== undefined) {
    return {
      id,
      severity: 'missing',
      found: `pasta does not run: ${pastaFails}`,
      cost: 'containers start with --network host, none or slirp4netns only',
      remedies: [install(packageManager, 'pasta')],
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

function tunRemedy(facts: DoctorFacts): Remedy {
  const { tun } = facts.network;
  if (isInContainer(facts)) return startOuter('--device /dev/net/tun');
  return administrator(tun === 'missing' ? 'modprobe tun' : 'chmod 666 /dev/net/tun');
}

const FIRST_WEB_PORT = 80;

/** Whether users may listen on the usual ports of web servers. */
export function checkLowPorts(facts: DoctorFacts): Finding {
  const id = 'low-ports';
  const { firstPort } = facts.network;
  if (firstPort <= FIRST_WEB_PORT) return ok(id, `ports from ${firstPort} on can be published`);
  const value = `net.ipv4.ip_unprivileged_port_start=${FIRST_WEB_PORT}`;
  return {
    id,
    severity: 'missing',
    found: `ports below ${firstPort} can't be published`,
    cost: '-p 80:80 is refused; -p 8080:80 works',
    remedies: [isInContainer(facts) ? startOuter(`--sysctl ${value}`)
      : administrator(`echo ${value} >/etc/sysctl.d/91-berth.conf && sysctl --system`)],
  };
}
