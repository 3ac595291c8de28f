/**
 * Published ports: ranges are spread out, host ports that were left open are chosen, and
 * conflicts inside one request are found before anything is started.
 */
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { ConflictError } from '@berth/errors';

/** A port that is asked for; without a host port, one is chosen. */
export interface WantedPort {
  hostAddress: string | undefined;
  hostPort: number | undefined;
  containerPort: number;
  count: number;
  protocol: 'tcp' | 'udp';
}

/**
 * A port of the host that leads to a port of the container. An empty address means every address.
 */
export interface AssignedPort {
  hostAddress: string;
  hostPort: number;
  containerPort: number;
  protocol: 'tcp' | 'udp';
}

/**
 * Every wanted port with its host port. Ports chosen here were free a moment ago; another program
 * may still take one before the helper binds it. Throws ConflictError when one host port is asked
 * for twice, or no more are free.
 */
export async function assignPorts(wanted: readonly WantedPort[]): Promise<AssignedPort[]> {
  const taken = new Set(wanted.flatMap(({ hostPort, count, protocol }) =>
    hostPort === undefined
      ? [] : Array.from({ length: count }, (_, offset) => `${hostPort + offset}/${protocol}`)));
  const assigned: AssignedPort[] = [];
  for (const port of wanted) {
    for (let offset = 0; offset < port.count; offset++) {
      const hostPort = port.hostPort === undefined
        ? await untakenPort(port, taken) : port.hostPort + offset;
      assigned.push({
        hostAddress: port.hostAddress ?? '',
        hostPort,
        containerPort: port.containerPort + offset,
        protocol: port.protocol,
      });
    }
  }
  refuseTwice(assigned);
  return assigned;
}

const CHOICES = 100;

/** The kernel may name a port again that it named before, since nobody has bound it yet. */
async function untakenPort(port: WantedPort, taken: Set<string>): Promise<number> {
  for (let left = CHOICES; left > 0; left--) {
    const number = await freePort(port);
    const key = `${number}/${port.protocol}`;
    if (taken.has(key)) continue;
    taken.add(key);
    return number;
  }
  throw new ConflictError('NO_FREE_PORT', `publish port ${port.containerPort}/${port.protocol}: no `
    + 'port of this machine is free for it', { hint: 'choose one: -p HOSTPORT:PORT' });
}

function refuseTwice(ports: readonly AssignedPort[]): void {
  const seen = new Set<string>();
  for (const port of ports) {
    const key = `${port.hostAddress}|${port.hostPort}/${port.protocol}`;
    if (seen.has(key)) {
      throw new ConflictError(
        'PORT_TWICE',
        `publish port ${port.hostPort}/${port.protocol}: it is published twice`,
      );
    }
    seen.add(key);
  }
}

async function freePort(port: WantedPort): Promise<number> {
  return port.protocol === 'tcp' ? freeTcpPort(port.hostAddress) : freeUdpPort(port.hostAddress);
}

function freeTcpPort(host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, ...(host === undefined ? {} : { host }) }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function freeUdpPort(host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host?.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', reject);
    socket.bind(0, host, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
