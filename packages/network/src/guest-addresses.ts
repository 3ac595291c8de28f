/**
 * The addresses inside a container's own network. They are ours rather than a copy of the host's,
 * so that a container reaches the host under the host's own address.
 */

/** The addresses, the same for every container that has a network of its own. */
export const GUEST = {
  address: '10.0.2.100',
  prefixLength: 24,
  gateway: '10.0.2.2',
  /** slirp4netns answers DNS here. */
  slirpNameserver: '10.0.2.3',
  /** pasta forwards what is sent here to the host's resolver, loopback resolvers included. */
  pastaNameserver: '169.254.1.1',
} as const;
