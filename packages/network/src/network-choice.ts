/**
 * Chooses how a container is connected: by pasta if it is installed and can work, else by
 * slirp4netns, else not at all, with a hint. If the user names a helper that is missing, that is
 * an error.
 */
import { accessSync, constants } from 'node:fs';
import { UnsupportedError } from '@berth/errors';
import { findProgram } from '@berth/host';
import { hasRoute } from './default-route.ts';
import { pastaArguments } from './pasta.ts';
import { slirpArguments } from './slirp4netns.ts';
import type { AssignedPort } from './ports.ts';

/** How a container is connected. */
export type NetworkKind = 'pasta' | 'slirp4netns' | 'none' | 'host' | 'container' | 'path';

/** What the flags ask for. */
export interface NetworkWish {
  kind: NetworkKind | 'default';
  options: readonly string[];
  ports: readonly AssignedPort[];
  /** The caller's PATH, in which the helpers are searched. */
  path: string;
  /** The container sends DNS queries for the host's resolver to GUEST.pastaNameserver. */
  forwardsNames?: boolean;
}

/** The network that the container gets, with a warning where it is less than was asked for. */
export interface NetworkChoice {
  kind: NetworkKind;
  /**
   * Program and arguments of the helper, with `@NETNS@` not yet replaced; undefined when none is
   * needed.
   */
  helper: string[] | undefined;
  /** What the user must know, e.g. why there is no network. */
  warning: string | undefined;
}

/** Why there is no helper, and what the user can do. */
interface Absence {
  cause: string;
  hint: string;
}

const INSTALL = 'install pasta (Debian: apt-get install passt), or use --network none or host';
const NOT_INSTALLED: Absence = { cause: 'it is not installed', hint: INSTALL };
const NONE_INSTALLED: Absence = {
  cause: 'neither pasta nor slirp4netns is installed', hint: INSTALL,
};
const TUN = '/dev/net/tun';
const NO_TUN: Absence = {
  cause: `${TUN} can't be opened`,
  hint: `in a container: start that one with --device ${TUN}; or use --network none or host`,
};
const NO_ROUTE: Absence = {
  cause: 'this machine has no route to others, which pasta needs',
  hint: 'use --network none or host',
};

/**
 * The choice for this wish. Throws UnsupportedError when a helper that was asked for is missing.
 */
export function chooseNetwork(wish: NetworkWish): NetworkChoice {
  if (wish.kind === 'default' || wish.kind === 'pasta' || wish.kind === 'slirp4netns') {
    return wanting(wish, wish.kind);
  }
  return { kind: wish.kind, helper: undefined, warning: undefined };
}

/**
 * The choice of a helper. Both helpers use /dev/net/tun to make a device in the container's network
 * namespace.
 */
function wanting(wish: NetworkWish, kind: HelperKind): NetworkChoice {
  if (!canMakeDevice()) return withoutHelper(wish, kind, NO_TUN);
  if (kind !== 'slirp4netns') {
    const pasta = findProgram('pasta', wish.path);
    if (pasta !== undefined && (kind === 'pasta' || wish.ports.length > 0 || hasRoute())) {
      const args = pastaArguments(wish.ports, wish.options, wish.forwardsNames === true);
      return withHelper('pasta', [pasta, ...args]);
    }
    if (kind === 'pasta') return withoutHelper(wish, kind, NOT_INSTALLED);
  }
  const slirp = findProgram('slirp4netns', wish.path);
  if (slirp !== undefined) {
    return withHelper('slirp4netns', [slirp, ...slirpArguments(wish.ports, wish.options)]);
  }
  const hasPasta = kind === 'default' && findProgram('pasta', wish.path) !== undefined;
  if (hasPasta) return withoutHelper(wish, kind, NO_ROUTE);
  return withoutHelper(wish, kind, kind === 'default' ? NONE_INSTALLED : NOT_INSTALLED);
}

type HelperKind = 'default' | 'pasta' | 'slirp4netns';

/**
 * Without a helper: a container that asked for no particular network gets none, with a warning.
 * Throws UnsupportedError where a helper was named or ports are published.
 */
function withoutHelper(wish: NetworkWish, kind: HelperKind, why: Absence): NetworkChoice {
  const { cause, hint } = why;
  if (kind !== 'default' || wish.ports.length > 0) {
    const wanted = kind === 'default' ? 'publish ports' : `connect by "${kind}"`;
    throw new UnsupportedError('NO_NETWORK_HELPER', `${wanted}: ${cause}`, { hint });
  }
  return { kind: 'none', helper: undefined, warning: `no network: ${cause} (${hint})` };
}

function withHelper(kind: NetworkKind, helper: string[]): NetworkChoice {
  return { kind, helper, warning: undefined };
}

function canMakeDevice(): boolean {
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
