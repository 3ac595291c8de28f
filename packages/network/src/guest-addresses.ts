/**
 * The addresses inside a container's own network. Berth chooses them and does not copy the host's,
 * so that a container reaches the host under the host's own address.
 */
import { isIPv4 } from 'node:net';

/** The addresses of a container that has a network of its own and does not ask for others. */
export const GUEST = {
  address: '10.0.2.100',
  prefixLength: 24,
  gateway: '10.0.2.2',
  /** slirp4netns answers DNS here. */
  slirpNameserver: '10.0.2.3',
  /** pasta forwards what is sent here to the host's resolver, loopback resolvers included. */
  pastaNameserver: '169.254.1.1',
} as const;

/** What a container's own network consists of. */
export interface GuestAddresses {
  address: string;
  prefixLength: number;
  gateway: string;
  slirpNameserver: string;
  pastaNameserver: string;
}

/** A network of 128 addresses or more, as slirp4netns wants it. */
const CIDR = /^((?:\d{1,3}\.){3}\d{1,3})\/(\d{1,2})$/;
const MAX_PREFIX = 25;

/** Whether `slirp4netns:cidr=` may be this. */
export function isSlirpCidr(text: string): boolean {
  const [, address = '', prefix] = CIDR.exec(text) ?? [];
  return isIPv4(address) && Number(prefix) >= 1 && Number(prefix) <= MAX_PREFIX;
}

/** GUEST, or what slirp4netns(1) makes of the `cidr=` among its options. */
export function guestAddresses(options: readonly string[]): GuestAddresses {
  const cidr = options.findLast((option) => option.startsWith('cidr='))?.slice('cidr='.length);
  if (cidr === undefined || !isSlirpCidr(cidr)) return GUEST;
  const [network = '', prefix] = cidr.split('/');
  const word = network.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const first = word - (word % 2 ** (32 - Number(prefix)));
  const at = (offset: number): string =>
    [24, 16, 8, 0].map((bit) => Math.floor((first + offset) / 2 ** bit) % 256).join('.');
  return {
    address: at(100), prefixLength: Number(prefix), gateway: at(2),
    slirpNameserver: at(3), pastaNameserver: GUEST.pastaNameserver,
  };
}
