/** Addresses and names of --add-host and --dns*: wrong ones would only be noticed inside. */
import { isIP } from 'node:net';
import { UsageError } from '@berth/errors';

/** `NAME:ADDRESS` as typed; the address is checked where the file is written. Throws UsageError. */
export function checkedHost(text: string): string {
  const address = text.slice(text.indexOf(':') + 1).replace(/^\[(.*)\]$/, '$1');
  if (text.includes(':') && address !== 'host-gateway' && isIP(address) === 0) {
    throw new UsageError('BAD_ADD_HOST', `add host "${text}": "${address}" is no address`, {
      hint: 'use an address, or host-gateway for this machine',
    });
  }
  return text;
}

/** An address or `none`. Throws UsageError for anything else. */
export function checkedNameserver(text: string): string {
  if (text !== 'none' && isIP(text) === 0) {
    throw new UsageError('BAD_DNS', `use the name server "${text}": not an address`);
  }
  return text;
}

/** A search domain; a single dot clears the list. Throws UsageError for what is no domain. */
export function checkedDomain(text: string): string {
  if (text !== '.' && !/^[\w-]+(\.[\w-]+)*\.?$/.test(text)) {
    throw new UsageError('BAD_DNS_SEARCH', `search the domain "${text}": not a domain`);
  }
  return text;
}
