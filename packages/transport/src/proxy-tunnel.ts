/** TLS connections through an HTTP proxy: CONNECT first, then the handshake inside the tunnel. */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { TransportError } from '@berth/errors';
import type { TlsProfile } from './tls-trust.ts';

/** Where the tunnel begins, where it ends, and the TLS settings of its far end. */
export interface TunnelOptions {
  readonly proxy: URL;
  readonly target: URL;
  readonly tls: { readonly secureContext: tls.SecureContext; readonly rejectUnauthorized: boolean };
  readonly connectTimeoutMs: number;
  /** Called only for a proxy that is itself reached over https. */
  readonly proxyProfile: () => TlsProfile;
}

const WANTS_PASSWORD = 407;

type Connected = (error: Error | null, socket?: Duplex) => void;

/** An agent all of whose connections are tunnels to one target. */
export class TunnelAgent extends https.Agent {
  readonly #tunnel: TunnelOptions;

  constructor(pool: http.AgentOptions, tunnel: TunnelOptions) {
    super(pool);
    this.#tunnel = tunnel;
  }

  /** Called by node for each new connection; the answer comes through `done`. */
  override createConnection(_options: unknown, done: Connected): undefined {
    openTunnel(this.#tunnel, done);
    return undefined;
  }
}

/** The header that authenticates us to the proxy, from the user and password in its address. */
export function plainTunnelHeaders(proxy: URL): Record<string, string> {
  if (proxy.username === '' && proxy.password === '') return {};
  const pair = `${unescaped(proxy.username)}:${unescaped(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** A `%` that escapes nothing is one of the password; what URL has escaped itself is undone. */
function unescaped(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) =>
    Buffer.from(escaped.replaceAll('%', ''), 'hex').toString('utf8'));
}

function openTunnel(tunnel: TunnelOptions, done: Connected): void {
  const { target, proxy } = tunnel;
  const authority = `${target.hostname}:${target.port === '' ? '443' : target.port}`;
  const request = connectRequest(tunnel, authority);
  request.setTimeout(tunnel.connectTimeoutMs, () => {
    request.destroy(
      new TransportError(
        'REGISTRY_TIMEOUT',
        `connect to proxy "${proxy.host}": no answer in time`,
        {
          details: { temporary: true },
        },
      ),
    );
  });
  request.once('error', done);
  const refuse = (answer: http.IncomingMessage): void => {
    answer.socket.destroy();
    done(refusal(authority, { proxy, status: answer.statusCode ?? 0 }));
  };
  request.once('response', refuse);
  request.once('connect', (answer, socket) => {
    request.setTimeout(0);
    if (answer.statusCode !== 200) refuse(answer);
    else done(null, handshake(tunnel, socket));
  });
  request.end();
}

function refusal(
  authority: string,
  { proxy, status }: { proxy: URL; status: number },
): TransportError {
  const action = `open a tunnel to "${authority}"`;
  if (status !== WANTS_PASSWORD) {
    return new TransportError('PROXY_REFUSED',
      `${action}: proxy "${proxy.host}" answered ${status}`);
  }
  return new TransportError('PROXY_UNAUTHORIZED',
    `${action}: proxy "${proxy.host}" wants another user name and password`, {
      hint: 'set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT',
    });
}

function connectRequest(tunnel: TunnelOptions, authority: string): http.ClientRequest {
  const { proxy } = tunnel;
  const isSecure = proxy.protocol === 'https:';
  const options = {
    method: 'CONNECT',
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port === '' ? (isSecure ? 443 : 80) : Number(proxy.port),
    path: authority,
    headers: { host: authority, ...plainTunnelHeaders(proxy) },
    agent: false,
  } as const;
  if (!isSecure) return http.request(options);
  const profile = tunnel.proxyProfile();
  // The types of request() leave out what it hands on to tls.connect().
  const tlsOptions: tls.ConnectionOptions = { secureContext: profile.secureContext };
  return https.request({ ...options, ...tlsOptions, rejectUnauthorized: profile.isVerified });
}

function handshake(tunnel: TunnelOptions, socket: Duplex): tls.TLSSocket {
  const host = tunnel.target.hostname.replace(/^\[|\]$/g, '');
  // An address must not be sent as a server name (RFC 6066), but is still checked against
  // the certificate through `host`.
  return tls.connect({
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...tunnel.tls,
  });
}
