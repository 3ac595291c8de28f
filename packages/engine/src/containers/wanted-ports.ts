/** The ports to publish: those asked for, and with --publish-all everything that is exposed. */
import type { ContainerRequest, PortRequest } from '@berth/bundle';
import { assignPorts, type AssignedPort } from '@berth/network';
import type { Engine } from '../engine.ts';

const MAX_PORT = 65_535;
const OWN_NETWORKS = ['default', 'pasta', 'slirp4netns'];

/**
 * A host port for every published port; none, with a warning, where the container has no network of
 * its own.
 */
export async function publishedPorts(
  engine: Engine,
  request: ContainerRequest,
  exposedByImage: readonly string[],
): Promise<AssignedPort[]> {
  const wanted = wantedPorts(request, exposedByImage);
  const { kind } = request.network;
  if (wanted.length === 0 || OWN_NETWORKS.includes(kind)) return assignPorts(wanted);
  const message = `no ports are published: network "${kind}" is not the container's own`;
  engine.report({ kind: 'warning', message });
  return [];
}

/** The wanted ports. An exposed port that no -p names gets a free port of the host. */
function wantedPorts(
  request: ContainerRequest,
  exposedByImage: readonly string[],
): PortRequest[] {
  if (!request.publishAll) {
    return request.ports;
  }
  const taken = new Set(request.ports.flatMap(singly).map(keyOf));
  const exposed = [...exposedByImage, ...request.expose].flatMap(parseExposed);
  const added = new Map(exposed.map((port) => [keyOf(port), port]));
  return [...request.ports, ...[...added].flatMap(([key, port]) => (taken.has(key) ? [] : [port]))];
}

function keyOf({ containerPort, protocol }: PortRequest): string {
  return `${containerPort}/${protocol}`;
}

/** The ports of a range one by one, without their host ports. */
function singly(port: PortRequest): PortRequest[] {
  return Array.from({ length: port.count }, (_, offset) => ({
    ...port, count: 1, containerPort: port.containerPort + offset, hostPort: undefined,
  }));
}

/** `80`, `80/udp`, `8000-8010/tcp`: the ports of a range one by one; empty for other text. */
function parseExposed(text: string): PortRequest[] {
  const found = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp))?$/.exec(text);
  if (found === null) {
    return [];
  }
  const first = Number(found[1]);
  const last = Math.min(Number(found[2] ?? found[1]), MAX_PORT);
  return singly({
    hostAddress: undefined,
    hostPort: undefined,
    containerPort: first,
    count: Math.max(1, last - first + 1),
    protocol: found[3] === 'udp' ? 'udp' : 'tcp',
  });
}
