/** `-p` as port requests: `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `[::1]:80-90:80-90`. */
import { isIP } from 'node:net';
import type { PortRequest } from '@berth/engine';
import { UsageError } from '@berth/errors';

const FORM = /^(?:(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]*):)?([^:]*):)?([^:/]+)(?:\/(.+))?$/;
const MAX_PORT = 65_535;

/** Throws UsageError for what is no port. */
export function parsePublish(text: string): PortRequest {
  const found = FORM.exec(text);
  if (found === null) {
    throw badPort(text, 'not [[ADDRESS:]HOSTPORT:]PORT[/PROTOCOL]');
  }
  const [, address = '', host, container = '', protocol = 'tcp'] = found;
  const hostAddress = address.replace(/^\[|\]$/g, '');
  if (hostAddress !== '' && isIP(hostAddress) === 0) {
    throw badPort(text, `"${hostAddress}" is no address`);
  }
  if (protocol !== 'tcp' && protocol !== 'udp') {
    throw badPort(text, `no such protocol as "${protocol}"`);
  }
  const inside = range(text, container);
  const outside = host === undefined || host === '' ? undefined : range(text, host);
  if (outside !== undefined && outside.count !== inside.count) {
    throw badPort(text, 'the ranges differ in length');
  }
  return {
    hostAddress: hostAddress === '' ? undefined : hostAddress,
    hostPort: outside?.first,
    containerPort: inside.first,
    count: inside.count,
    protocol,
  };
}

/** `--expose`: `80`, `80/udp`, `8000-8010/tcp`, as it is kept. */
export function parseExpose(text: string): string {
  const [ports = '', protocol = 'tcp'] = text.split('/');
  range(text, ports);
  if (protocol !== 'tcp' && protocol !== 'udp') {
    throw badPort(text, `no such protocol as "${protocol}"`);
  }
  return `${ports}/${protocol}`;
}

function range(text: string, part: string): { first: number; count: number } {
  const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
  const first = Number(found?.[1] ?? 0);
  const last = Number(found?.[2] ?? first);
  if (first < 1 || last < first || last > MAX_PORT) {
    throw badPort(text, `"${part}" is no port between 1 and ${MAX_PORT}`);
  }
  return { first, count: last - first + 1 };
}

function badPort(text: string, reason: string): UsageError {
  return new UsageError('BAD_PORT', `read the port "${text}": ${reason}`);
}
