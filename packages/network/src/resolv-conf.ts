/** The container's /etc/resolv.conf, from the host's and the user's wishes. */

/** What /etc/resolv.conf is made from. */
export interface ResolvSettings {
  /** Text of the host's resolv.conf; empty when it has none. */
  host: string;
  nameservers: readonly string[];
  search: readonly string[];
  options: readonly string[];
  /**
   * The address where the network helper forwards DNS; it replaces the host's loopback resolvers.
   */
  forwarder: string | undefined;
}

/**
 * The text. `--dns-search .` clears the host's list, since resolv.conf(5) has no other way to do
 * so.
 */
export function resolvConf(settings: ResolvSettings): string {
  const host = parse(settings.host);
  const search =
    settings.search.length > 0 ? settings.search.filter((name) => name !== '.') : host.search;
  const nameservers =
    settings.nameservers.length > 0 ? settings.nameservers : inherited(host, settings);
  const options = [...new Set([...host.options, ...settings.options])];
  const lines = nameservers.map((address) => `nameserver ${address}`);
  if (search.length > 0) {
    lines.unshift(`search ${search.join(' ')}`);
  }
  if (options.length > 0) {
    lines.push(`options ${options.join(' ')}`);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

interface Parsed {
  nameservers: string[];
  search: string[];
  options: string[];
}

function parse(text: string): Parsed {
  const parsed: Parsed = { nameservers: [], search: [], options: [] };
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver') {
      parsed.nameservers.push(...values.slice(0, 1));
    } else if (keyword === 'search' || keyword === 'domain') {
      parsed.search = values;
    } else if (keyword === 'options') {
      parsed.options.push(...values);
    }
  }
  return parsed;
}

/** The host's resolvers. A loopback resolver can't be reached from another network namespace. */
function inherited(host: Parsed, settings: ResolvSettings): string[] {
  const reachable = host.nameservers.filter((address) => !/^(127\.|::1$)/.test(address));
  if (settings.forwarder === undefined) {
    return host.nameservers;
  }
  return reachable.length > 0 ? reachable : [settings.forwarder];
}
