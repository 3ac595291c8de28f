/** The container's /etc/hosts: the host's entries, the user's, and the container's own names. */
import { UsageError } from '@berth/errors';

/** What /etc/hosts is made from. */
export interface HostsSettings {
  /** `NAME:ADDRESS` of --add-host; `host-gateway` stands for the host. */
  addHosts: readonly string[];
  /** The container's own names, hostname first. */
  names: readonly string[];
  /** The container's address; undefined puts its names on loopback. */
  address: string | undefined;
  /** The host's address as seen from the container. */
  hostAddress: string | undefined;
  /** The host's own file, whose names are added to the container's. */
  hostFile: string;
  /** The container shares the host's loopback. */
  sharesLoopback: boolean;
  /** The file of the container whose network is joined, in place of all that is the network's. */
  joined?: string | undefined;
}

const HOST_NAMES = 'host.containers.internal host.docker.internal';

/** The file's text. Names that the user added come first, so that they are found first. */
export function hostsFile(settings: HostsSettings): string {
  const lines = settings.addHosts.map((entry) => addedHost(entry, settings.hostAddress));
  if (settings.joined === undefined) addNetwork(lines, settings);
  else lines.push(settings.joined.trimEnd());
  if (settings.names.length > 0) {
    lines.push(`${settings.address ?? '127.0.1.1'}\t${settings.names.join(' ')}`);
  }
  return `${lines.join('\n')}\n`;
}

function addNetwork(lines: string[], settings: HostsSettings): void {
  lines.push('127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback');
  const known = new Set([...lines.flatMap(namesOf), ...HOST_NAMES.split(' '), ...settings.names]);
  lines.push(...hostLines(settings, known));
  if (settings.hostAddress !== undefined) {
    lines.push(`${settings.hostAddress}\t${HOST_NAMES}`);
  }
}

function namesOf(line: string): string[] {
  return line.split(/\s+/).slice(1);
}

const LOOPBACK = /^(127\.|::1$)/;

/**
 * The lines of the host's file, without names that are `known`. Names of the host's loopback are
 * left out where the container has a loopback of its own: there they would lead to the container
 * itself.
 */
function hostLines(
  { hostFile, sharesLoopback }: HostsSettings,
  known: ReadonlySet<string>,
): string[] {
  return hostFile.split('\n').flatMap((text) => {
    const [address = '', ...names] = text.replace(/#.*/, '').trim().split(/\s+/);
    const added = names.filter((name) => !known.has(name));
    const leadsThere = sharesLoopback || !LOOPBACK.test(address);
    return added.length > 0 && leadsThere ? [`${address}\t${added.join(' ')}`] : [];
  });
}

function addedHost(entry: string, hostAddress: string | undefined): string {
  const colon = entry.indexOf(':');
  const names = entry.slice(0, colon);
  const address = entry.slice(colon + 1).replace(/^\[(.*)\]$/, '$1');
  if (colon < 1 || address === '' || /\s/.test(entry)) {
    throw new UsageError('BAD_ADD_HOST', `add host "${entry}": not of the form NAME:ADDRESS`);
  }
  if (address !== 'host-gateway') {
    return `${address}\t${names.replaceAll(';', ' ')}`;
  }
  if (hostAddress === undefined) {
    throw new UsageError(
      'NO_HOST_GATEWAY',
      `add host "${entry}": this network does not reach the host`,
    );
  }
  return `${hostAddress}\t${names.replaceAll(';', ' ')}`;
}
