/**
 * The arguments of pasta(1). Port forwarding that nobody asked for is switched off: by default
 * pasta scans for bound ports, which makes its start slow and would publish ports unexpectedly.
 */
import { GUEST } from './guest-addresses.ts';
import type { AssignedPort } from './ports.ts';

/**
 * The arguments after the program's name. `@NETNS@` stands for the container's network namespace;
 * the supervisor replaces it. Options of the user come last, so that they win. With `forwardsNames`
 * the host's resolver answers at GUEST.pastaNameserver, and no longer at its own address, because
 * pasta changes the sender of all its answers.
 */
export function pastaArguments(
  ports: readonly AssignedPort[],
  options: readonly string[],
  forwardsNames: boolean,
): string[] {
  return [
    '--config-net',
    '--foreground',
    '--quiet',
    '--no-map-gw',
    '--address',
    GUEST.address,
    '--netmask',
    String(GUEST.prefixLength),
    '--gateway',
    GUEST.gateway,
    ...(forwardsNames ? ['--dns-forward', GUEST.pastaNameserver] : []),
    ...forwards('tcp', ports),
    ...forwards('udp', ports),
    '--tcp-ns',
    'none',
    '--udp-ns',
    'none',
    ...options,
    '--netns',
    '@NETNS@',
  ];
}

/** A UDP port that answers on the host's own loopback address only with help. */
export interface LoopbackRelay {
  hostAddress: string;
  hostPort: number;
  containerPort: number;
}

/**
 * Before July 2024 pasta lost the answers of UDP ports whose numbers differ inside and outside,
 * when the client was on the same machine.
 */
export function loopbackRelays(ports: readonly AssignedPort[]): LoopbackRelay[] {
  return ports
    .filter(({ protocol, hostPort, containerPort }) =>
      protocol === 'udp' && hostPort !== containerPort)
    .flatMap(({ hostAddress, hostPort, containerPort }) =>
      loopbacksOf(hostAddress).map((address) =>
        ({ hostAddress: address, hostPort, containerPort })));
}

function loopbacksOf(hostAddress: string): string[] {
  if (hostAddress === '') return ['127.0.0.1', '::1'];
  if (hostAddress === '0.0.0.0') return ['127.0.0.1'];
  if (hostAddress === '::') return ['::1'];
  return hostAddress === '::1' || hostAddress.startsWith('127.') ? [hostAddress] : [];
}

function forwards(protocol: 'tcp' | 'udp', ports: readonly AssignedPort[]): string[] {
  const flag = `--${protocol}-ports`;
  const mine = ports.filter((port) => port.protocol === protocol);
  return mine.length === 0 ? [flag, 'none'] : mine.flatMap((port) => [flag, forward(port)]);
}

function forward(port: AssignedPort): string {
  const address = port.hostAddress === '' ? '' : `${port.hostAddress}/`;
  return `${address}${port.hostPort}:${port.containerPort}`;
}
