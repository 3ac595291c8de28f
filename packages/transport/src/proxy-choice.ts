/**
 * Chooses the proxy, if any, of a request: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY are
 * read as curl and Go read them. It is decided here so that every runtime does the same.
 */
import { isIP } from 'node:net';
import { UsageError } from '@berth/errors';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for `url`, or undefined to connect directly. Upper-case HTTP_PROXY is ignored in CGI
 * programs (REQUEST_METHOD set), where a client's `Proxy:` header could set it. Throws
 * UsageError when the variable holds no usable address.
 */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const value = proxyVariable(url, environment);
  if (value === undefined || bypasses(url, environment)) return undefined;
  let proxy: URL;
  try {
    proxy = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  } catch {
    throw new UsageError('BAD_PROXY', 'read the proxy variable: not an address');
  }
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
    throw new UsageError(
      'BAD_PROXY',
      `use a "${proxy.protocol}" proxy: only http and https are known`,
      {
        hint: 'set HTTPS_PROXY=http://HOST:PORT',
      },
    );
  }
  return proxy;
}

function proxyVariable(url: URL, environment: Environment): string | undefined {
  const read = (name: string): string | undefined => variable(name, environment);
  if (url.protocol === 'https:') return read('HTTPS_PROXY') ?? read('ALL_PROXY');
  if (environment['REQUEST_METHOD'] !== undefined) return environment['http_proxy'];
  return read('HTTP_PROXY') ?? read('ALL_PROXY');
}

/** In lower case or, where that is not set or empty, in upper case. */
function variable(name: string, environment: Environment): string | undefined {
  return environment[name.toLowerCase()]?.trim() || environment[name]?.trim() || undefined;
}

function bypasses(url: URL, environment: Environment): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, '');
  if (isLoopback(host)) return true;
  const list = variable('NO_PROXY', environment) ?? '';
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return list
    .split(/[\s,]+/)
    .filter((rule) => rule !== '')
    .some((rule) => matchesRule(rule.toLowerCase(), { host, port }));
}

/** Loopback never goes through a proxy, as in Go: the proxy's loopback is another machine. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function matchesRule(rule: string, target: { host: string; port: string }): boolean {
  if (rule === '*') return true;
  if (rule.includes('/')) return isInSubnet(target.host, rule);
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(rule) ?? [];
  if (port !== undefined && port !== target.port) return false;
  const name = (bracketed ?? plain ?? rule).replace(/^\*?\./, '');
  if (isIP(name) !== 0) return name === target.host;
  return target.host === name || target.host.endsWith(`.${name}`);
}

function isInSubnet(host: string, rule: string): boolean {
  const slash = rule.indexOf('/');
  const network = rule.slice(0, slash);
  const prefixBits = Number(rule.slice(slash + 1));
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family) return false;
  const width = family === 4 ? 32 : 128;
  if (!Number.isInteger(prefixBits) || prefixBits < 0 || prefixBits > width) return false;
  const shift = BigInt(width - prefixBits);
  return addressBits(host) >> shift === addressBits(network) >> shift;
}

function addressBits(address: string): bigint {
  if (isIP(address) === 4) {
    return address.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
  }
  // URL writes IPv6 in one canonical form, dotted endings included.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill(
    '0',
  );
  return [...left, ...zeros, ...right].reduce(
    (bits, part) => (bits << 16n) | BigInt(`0x${part}`),
    0n,
  );
}
