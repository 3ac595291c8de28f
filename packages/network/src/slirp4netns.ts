/** The arguments of slirp4netns(1), used where pasta is not installed. */
import { isIPv4, isIPv6 } from 'node:net';
import { UnsupportedError, UsageError } from '@berth/errors';
import { isSlirpCidr } from './guest-addresses.ts';
import type { AssignedPort } from './ports.ts';

/**
 * The arguments after the program's name. The options are Podman's, `NAME=VALUE`. Throws UsageError
 * for others, UnsupportedError when ports are published: slirp4netns's port forwarding hides the
 * client's address and has to be controlled over a second connection.
 */
export function slirpArguments(
  ports: readonly AssignedPort[],
  options: readonly string[],
): string[] {
  if (ports.length > 0) {
    throw new UnsupportedError(
      'SLIRP_PORTS',
      'publish ports through "slirp4netns": not supported',
      {
        hint: 'install pasta (Debian: apt-get install passt) or use --network host',
      },
    );
  }
  const chosen = new Map<string, string[]>([
    ['mtu', ['--mtu=65520']],
    ['allow_host_loopback', ['--disable-host-loopback']],
  ]);
  for (const option of options) {
    const equals = option.indexOf('=');
    const name = equals < 0 ? option : option.slice(0, equals);
    chosen.set(name, argumentsOf(option, name, option.slice(equals + 1)));
  }
  return ['--configure', ...[...chosen.values()].flat(), '--netns-type=path', '@NETNS@', 'tap0'];
}

const FORMS: Readonly<Record<string, (value: string) => boolean>> = {
  allow_host_loopback: isTruth,
  cidr: isSlirpCidr,
  enable_ipv6: isTruth,
  mtu: (value) => /^\d{2,5}$/.test(value),
  outbound_addr: isIPv4,
  outbound_addr6: isIPv6,
  // Accepted without effect, because no ports are published through slirp4netns.
  port_handler: (value) => value === 'slirp4netns' || value === 'rootlesskit',
};

function argumentsOf(option: string, name: string, value: string): string[] {
  const isValid = Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
  if (isValid?.(value) !== true) {
    const reason = isValid === undefined ? 'no such option' : `"${value}" is no value of it`;
    throw new UsageError(
      'BAD_SLIRP_OPTION', `read the option "${option}" of slirp4netns: ${reason}`,
      { hint: `its options are ${Object.keys(FORMS).join(', ')}` },
    );
  }
  switch (name) {
    case 'allow_host_loopback':
      return value === 'true' ? [] : ['--disable-host-loopback'];
    case 'enable_ipv6':
      return value === 'true' ? ['--enable-ipv6'] : [];
    case 'port_handler':
      return [];
    default:
      return [`--${name.replace('_', '-')}=${value}`];
  }
}

function isTruth(value: string): boolean {
  return value === 'true' || value === 'false';
}
