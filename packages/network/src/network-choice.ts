/**
 * Chooses how a container is connected: pasta where it is installed and can work, else
 * slirp4netns, else nothing with a hint. A helper asked for by name that is missing is an error.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { UnsupportedError, UsageError } from '@berth/errors';
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
  /** The caller's PATH, where the helpers are looked for. */
  path: string;
  /** The container asks the host's resolver under GUEST.pastaNameserver. */
  forwardsNames?: boolean;
}

/** What it will be, with a warning where that is less than asked for. */
export interface NetworkChoice {
  kind: NetworkKind;
  /** Program and arguments of the helper, `@NETNS@` unreplaced; undefined when none is needed. */
  helper: string[] | undefined;
  /** What the user should be told, e.g. why there is no network. */
  warning: string | undefined;
}

const HINT = 'install pasta (Debian: apt-get install passt), or use --network none or host';

/**
 * The choice for this wish. Throws UsageError for ports that can't be published, UnsupportedError
 * for missing helpers.
 */
export function chooseNetwork(wish: NetworkWish): NetworkChoice {
  if (wish.kind === 'default' || wish.kind === 'pasta') {
    const pasta = findNetworkHelper('pasta', wish.path);
    if (pasta !== undefined && (wish.kind === 'pasta' || wish.ports.length > 0 || hasRoute())) {
      const args = pastaArguments(wish.ports, wish.options, wish.forwardsNames === true);
      return withHelper('pasta', [pasta, ...args]);
    }
    if (wish.kind === 'pasta') {
      throw new UnsupportedError('NO_PASTA', 'connect by "pasta": it is not installed', {
        hint: HINT,
      });
    }
  }
  if (wish.kind === 'default' || wish.kind === 'slirp4netns') {
    return slirpOrNothing(wish);
  }
  if (wish.ports.length > 0 && wish.kind !== 'host') {
    throw new UsageError(
      'PORTS_WITHOUT_NETWORK',
      `publish ports on network "${wish.kind}": it has none of its own`,
    );
  }
  return { kind: wish.kind, helper: undefined, warning: undefined };
}

function slirpOrNothing(wish: NetworkWish): NetworkChoice {
  const slirp = findNetworkHelper('slirp4netns', wish.path);
  if (slirp !== undefined) {
    return withHelper('slirp4netns', [slirp, ...slirpArguments(wish.ports, wish.options)]);
  }
  if (wish.kind === 'slirp4netns' || wish.ports.length > 0) {
    throw new UnsupportedError(
      'NO_NETWORK_HELPER',
      `connect by "${wish.kind}": neither pasta nor slirp4netns is installed`,
      { hint: HINT },
    );
  }
  return {
    kind: 'none',
    helper: undefined,
    warning: findNetworkHelper('pasta', wish.path) === undefined
      ? `no network: neither pasta nor slirp4netns is installed (${HINT})`
      : 'no network: this machine has no route to others, which pasta needs',
  };
}

function withHelper(kind: NetworkKind, helper: string[]): NetworkChoice {
  return { kind, helper, warning: undefined };
}

/** Where set-up tools often live though a user's PATH lacks them. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/local/bin', '/usr/sbin', '/sbin'];

/** Where the helper is installed, or undefined. */
export function findNetworkHelper(
  name: 'pasta' | 'slirp4netns',
  path: string,
): string | undefined {
  const folders = [
    ...path.split(':').filter((folder) => folder.startsWith('/')),
    ...SYSTEM_FOLDERS,
  ];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
