/**
 * Whether this machine has a default route. pasta copies it and refuses to start without one (a
 * laptop without a network); slirp4netns needs none.
 */
import { readFileSync } from 'node:fs';

/** True when the IPv4 or IPv6 routing table has a default route out of this machine. */
export function hasRoute(folder = '/proc/net'): boolean {
  return linesOf(`${folder}/route`).some(leadsOut4)
    || linesOf(`${folder}/ipv6_route`).some(leadsOut6);
}

/** True when this text of /proc/net/route has such a route. */
export function hasRoute4(text: string): boolean {
  return text.split('\n').some(leadsOut4);
}

/**
 * The columns: interface, destination, gateway, flags, references, use, metric, mask; see
 * fib_route_seq_show() in the kernel.
 */
function leadsOut4(line: string): boolean {
  const [, destination, , , , , , mask] = line.split('\t');
  return destination === '00000000' && mask === '00000000';
}

/**
 * The columns: destination, prefix length, …, interface; see rt6_info_route() in the kernel. A
 * route by "lo" is the reject route.
 */
function leadsOut6(line: string): boolean {
  const words = line.trim().split(/\s+/);
  return words[1] === '00' && /^0+$/.test(words[0] ?? '1') && words.at(-1) !== 'lo';
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
