/**
 * The addresses inside a container's own network. Berth chooses them and does not copy the host's,
 * so that a container reaches the host under the host's own address.
 */
import { isIPv4 } from 'node:net';

/** The addresses in a container that has a network of its own and asks for no other addresses. */
export const GUEST = {
  address: '10.0.2.100',
  prefixLength: 24,
  gateway: '10.0.2.2',
  /** The address at which slirp4netns answers DNS. */
  slirpNameserver: '10.0.2.3',
  /** pasta forwards DNS for this address to the host's resolver, even to a loopback resolver. */
  pastaNameserver: '169.254.1.1',
} as const;

/** The addresses of a container's own network. */
export interface GuestAddresses {
  address: string;
  prefixLength: number;
  gateway: string;
  slirpNameserver: string;
  pastaNameserver: string;
}

/** A network of at least 128 addresses, which slirp4netns requires. */
const CIDR = /^((?:\d{1,3}\.){3}\d{1,3})\/(\d{1,2})$/;
const MAX_PREFIX = 25;

/** Whether the text is a valid value of `slirp4netns:cidr=`. */
export function isSlirpCidr(text: string): boolean {
  const [, address = '', prefix] = CIDR.exec(text) ?? [];
  return isIPv4(address) && Number(prefix) >= 1 && Number(prefix) <= MAX_PREFIX;
}

/** GUEST, or the addresses that slirp4netns(1) derives from a `cidr=` among its options. */
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
