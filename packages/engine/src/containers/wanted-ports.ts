/** The ports to publish: those asked for, and with --publish-all everything that is exposed. */
import type { ContainerRequest, PortRequest } from '@berth/bundle';

/** Exposed ports that no -p names get a free port of the host each. */
export function wantedPorts(
  request: ContainerRequest,
  exposedByImage: readonly string[],
): PortRequest[] {
  if (!request.publishAll) {
    return request.ports;
  }
  const exposed = [...exposedByImage, ...request.expose].flatMap(parseExposed);
  const isNamed = (port: PortRequest): boolean =>
    request.ports.some(
      ({ containerPort, count, protocol }) =>
        protocol === port.protocol &&
        port.containerPort >= containerPort &&
        port.containerPort < containerPort + count,
    );
  return [...request.ports, ...exposed.filter((port) => !isNamed(port))];
}

/** `80`, `80/udp`, `8000-8010/tcp`; what is none says nothing. */
function parseExposed(text: string): PortRequest[] {
  const found = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp))?$/.exec(text);
  if (found === null) {
    return [];
  }
  const first = Number(found[1]);
  const last = Number(found[2] ?? found[1]);
  return [
    {
      hostAddress: undefined,
      hostPort: undefined,
      containerPort: first,
      count: Math.max(1, last - first + 1),
      protocol: found[3] === 'udp' ? 'udp' : 'tcp',
    },
  ];
}
