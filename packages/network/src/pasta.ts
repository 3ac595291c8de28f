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

function forwards(protocol: 'tcp' | 'udp', ports: readonly AssignedPort[]): string[] {
  const flag = `--${protocol}-ports`;
  const mine = ports.filter((port) => port.protocol === protocol);
  return mine.length === 0 ? [flag, 'none'] : mine.flatMap((port) => [flag, forward(port)]);
}

function forward(port: AssignedPort): string {
  const address = port.hostAddress === '' ? '' : `${port.hostAddress}/`;
  return `${address}${port.hostPort}:${port.containerPort}`;
}
