/** The arguments of slirp4netns(1), used where pasta is not installed. */
import { UnsupportedError } from '@berth/errors';
import type { AssignedPort } from './ports.ts';

/**
 * Arguments after the program's name. Throws UnsupportedError when ports are published: its port
 * forwarding hides the client's address and needs a second connection to steer it.
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
  return [
    '--configure',
    '--mtu=65520',
    '--disable-host-loopback',
    ...options,
    '--netns-type=path',
    '@NETNS@',
    'tap0',
  ];
}
