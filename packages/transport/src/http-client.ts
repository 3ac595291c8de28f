/**
 * One HTTP/1.1 exchange at a time over node:http and node:https, with kept-alive connections,
 * proxies and time limits. It follows no redirect, answers no challenge and retries nothing: the
 * layers above it do. It asks for answers as they are, and decodes those that a server or proxy has
 * compressed on the way.
 */
import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { TransportError } from '@berth/errors';
import { decoded } from './content-encoding.ts';
import { explainNetworkError } from './network-failure.ts';
import { proxyFor } from './proxy-choice.ts';
import { plainTunnelHeaders, TunnelAgent } from './proxy-tunnel.ts';
import type { TlsProfile } from './tls-trust.ts';

/** The methods that registries and token servers know. */
export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';

/** A request as it goes on the wire; `headers` are sent as they are. */
export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream can be sent once: to repeat the request, make another. */
  readonly body?: string | Uint8Array | Readable | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The head of a response. The receiver must read `body` to its end or destroy it. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly url: URL;
  readonly body: Readable;
}

/** How a client reaches the network. */
export interface HttpClientOptions {
  /** Called once per host, and only when a TLS connection to it is opened. */
  readonly tlsProfile: (host: string) => TlsProfile;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  readonly connectTimeoutMs: number;
  /** Longest silence while waiting for an answer's head. */
  readonly idleTimeoutMs: number;
}

/** Sends requests over connections that are kept open; `close` ends the idle ones. */
export interface HttpClient {
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): void;
}

/** A client whose connections are shared by all requests to the same origin. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const agents = new Map<string, http.Agent>();
  const agentFor = (url: URL, proxy: URL | undefined): http.Agent => {
    const key = `${url.protocol}//${url.host}|${proxy?.href ?? ''}`;
    const known = agents.get(key);
    if (known !== undefined) return known;
    const made = createAgent({ url, proxy, options });
    agents.set(key, made);
    return made;
  };
  return {
    send(request) {
      const proxy = proxyFor(request.url, options.environment);
      return exchange({ request, proxy, agent: agentFor(request.url, proxy), options });
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

interface AgentRequest {
  readonly url: URL;
  readonly proxy: URL | undefined;
  readonly options: HttpClientOptions;
}

function createAgent({ url, proxy, options }: AgentRequest): http.Agent {
  // No limit on connections: the code that starts downloads decides how many run in parallel.
  const pool = { keepAlive: true, scheduling: 'lifo' } as const;
  if (url.protocol === 'http:') return new http.Agent(pool);
  const profile = options.tlsProfile(url.host);
  const tls = {
    secureContext: profile.secureContext,
    rejectUnauthorized: profile.isVerified,
  };
  if (proxy === undefined) return new https.Agent({ ...pool, ...tls });
  return new TunnelAgent(pool, {
    proxy,
    target: url,
    tls,
    connectTimeoutMs: options.connectTimeoutMs,
    proxyProfile: () => options.tlsProfile(proxy.host),
  });
}

interface Exchange {
  readonly request: HttpRequest;
  readonly proxy: URL | undefined;
  readonly agent: http.Agent;
  readonly options: HttpClientOptions;
}

function exchange(job: Exchange): Promise<HttpResponse> {
  const { request } = job;
  return new Promise((resolve, reject) => {
    const outgoing = open(job);
    const fail = (error: unknown): void => {
      reject(explainNetworkError(error, { request, proxy: job.proxy }));
    };
    const waitAgain = limitTime(outgoing, job);
    outgoing.on('error', fail);
    outgoing.on('response', (incoming) => {
      const { method, url } = request;
      resolve({ status: incoming.statusCode ?? 0, url, ...decoded(method, incoming) });
    });
    const { body } = request;
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
      outgoing.end(body);
    } else {
      body.on('error', (error) => outgoing.destroy(error));
      body.on('data', waitAgain);
      outgoing.on('close', () => body.destroy());
      body.pipe(outgoing);
    }
  });
}

function open({ request, proxy, agent, options }: Exchange): http.ClientRequest {
  const { url } = request;
  const headers: Record<string, string> = {
    'user-agent': options.userAgent, 'accept-encoding': 'identity', ...request.headers,
  };
  const signal = request.signal === undefined ? {} : { signal: request.signal };
  if (url.protocol === 'https:') {
    return https.request(url, { method: request.method, headers, agent, ...signal });
  }
  if (proxy === undefined) {
    return http.request(url, { method: request.method, headers, agent, ...signal });
  }
  // A plain request goes to the proxy with the whole address as its path.
  const address = new URL(url.href);
  address.hash = '';
  return http.request({
    method: request.method,
    host: unbracketed(proxy.hostname),
    port: proxy.port === '' ? 80 : Number(proxy.port),
    path: address.href,
    headers: { host: url.host, ...plainTunnelHeaders(proxy), ...headers },
    agent,
    ...signal,
  });
}

function unbracketed(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * The connect limit covers name look-up, TCP and TLS; the idle limit covers the time from there to
 * the head of the response. The reader of a body watches its time, because only the reader knows
 * whether it is slow itself. Returns a function that restarts the idle limit.
 */
function limitTime(outgoing: http.ClientRequest, { request, options }: Exchange): () => void {
  let timer: NodeJS.Timeout | undefined;
  const limit = (stage: string, limitMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      outgoing.destroy(timeoutError(request, { stage, limitMs }));
    }, limitMs);
  };
  const waitForAnswer = (): void => {
    limit('wait for', options.idleTimeoutMs);
  };
  const stop = (): void => {
    clearTimeout(timer);
  };
  outgoing.on('socket', (socket) => {
    // A reused connection is open already, and emits no event about it.
    if (outgoing.reusedSocket) {
      waitForAnswer();
      return;
    }
    limit('connect to', options.connectTimeoutMs);
    socket.once(request.url.protocol === 'https:' ? 'secureConnect' : 'connect', waitForAnswer);
  });
  outgoing.on('response', stop);
  outgoing.on('close', stop);
  return () => timer?.refresh();
}

function timeoutError(
  request: HttpRequest,
  { stage, limitMs }: { stage: string; limitMs: number },
): TransportError {
  return new TransportError(
    'REGISTRY_TIMEOUT',
    `${stage} "${request.url.host}": no answer within ${limitMs / 1000} s`,
    { details: { method: request.method, temporary: true } },
  );
}
