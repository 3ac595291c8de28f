/** Published ports as users read them: neighbouring ports are shown as one range. */
import type { AssignedPort } from '@berth/network';

/** One published port, or a range of consecutive ones. */
export interface PortMapping {
  hostAddress: string;
  hostPort: number;
  containerPort: number;
  protocol: string;
  /** How many consecutive ports. */
  count: number;
}

/** The ports, with consecutive ones combined to ranges. */
export function portMappings(ports: readonly AssignedPort[]): PortMapping[] {
  const mappings: PortMapping[] = [];
  for (const port of ports) {
    const last = mappings.at(-1);
    const continues =
      last !== undefined &&
      last.hostAddress === port.hostAddress &&
      last.protocol === port.protocol &&
      last.hostPort + last.count === port.hostPort &&
      last.containerPort + last.count === port.containerPort;
    if (continues) {
      last.count += 1;
    } else {
      mappings.push({ ...port, count: 1 });
    }
  }
  return mappings;
}

/** `0.0.0.0:8080->80/tcp, 127.0.0.1:9000-9002->9000-9002/udp` */
export function formatPorts(mappings: readonly PortMapping[]): string {
  return mappings.map(formatPort).join(', ');
}

function formatPort({
  hostAddress,
  hostPort,
  containerPort,
  protocol,
  count,
}: PortMapping): string {
  const range = (first: number): string =>
    count > 1 ? `${first}-${first + count - 1}` : String(first);
  return `${formatAddress(hostAddress)}:${range(hostPort)}->${range(containerPort)}/${protocol}`;
}

/** An address as written before a port; an empty one means every address. */
export function formatAddress(address: string): string {
  return address.includes(':') ? `[${address}]` : address === '' ? '0.0.0.0' : address;
}
