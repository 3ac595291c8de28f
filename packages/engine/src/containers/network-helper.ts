/** The helper that connects a container when it starts, and what it can't do. */
import { readFileSync } from 'node:fs';
import { chooseNetwork, GUEST, loopbackRelays } from '@berth/network';
import type { LoopbackRelay } from '@berth/network';
import type { ContainerPaths } from '@berth/storage';
import type { BerthContainer } from './record.ts';

/** The program and its arguments; undefined where the container needs no helper. */
export function networkHelperOf(
  record: BerthContainer,
  { resolvConf }: ContainerPaths,
): string[] | undefined {
  return chooseNetwork({
    kind: record.network,
    options: record.request.network.options,
    ports: record.ports,
    path: process.env['PATH'] ?? '',
    forwardsNames: record.network === 'pasta' && namesForwarder(resolvConf),
  }).helper;
}

/** The published ports that the supervisor serves itself. */
export function udpRelaysOf({ network, ports }: BerthContainer): LoopbackRelay[] {
  return network === 'pasta' ? loopbackRelays(ports) : [];
}

function namesForwarder(resolvConf: string): boolean {
  try {
    return readFileSync(resolvConf, 'utf8').includes(GUEST.pastaNameserver);
  } catch {
    return false;
  }
}
