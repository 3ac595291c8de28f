/**
 * A registry (distribution-spec, read side) on 127.0.0.1 for tests: holds what a test puts into
 * it, records every request, and misbehaves by script.
 */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { RegistryAccess } from './registry-access.ts';
import { checkAccess, serveToken } from './registry-access.ts';
import { RegistryContent } from './registry-content.ts';
import type { Fault } from './registry-faults.ts';
import { FaultScript } from './registry-faults.ts';
import { sendBody } from './registry-sending.ts';
import { TEST_AUTHORITY, TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts';

/** How a scripted registry is reached. */
export interface RegistryServerOptions {
  /** With TEST_CERTIFICATE; `mutual` also wants one from the client. */
  readonly tls?: boolean | 'mutual' | undefined;
  readonly access?: RegistryAccess | undefined;
  /** Tags in one answer of the list; more are linked to. */
  readonly tagsPerPage?: number | undefined;
}

/** A request as it came. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Tells connections apart. */
  readonly clientPort: number;
}

/** A running scripted registry. */
export interface RegistryServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly url: string;
  readonly content: RegistryContent;
  readonly faults: FaultScript;
  readonly requests: RecordedRequest[];
  /** Drops every connection and stops listening. */
  close(): Promise<void>;
}

interface Site {
  readonly options: RegistryServerOptions;
  readonly content: RegistryContent;
  readonly faults: FaultScript;
  readonly requests: RecordedRequest[];
  origin: string;
}

/** A registry listening on a free port. Whoever starts it closes it. */
export async function startRegistryServer(
  options: RegistryServerOptions = {},
): Promise<RegistryServer> {
  const site: Site = {
    options,
    content: new RegistryContent(),
    faults: new FaultScript(),
    requests: [],
    origin: '',
  };
  const listener: http.RequestListener = (request, response) => {
    serve(site, { request, response });
  };
  const server =
    options.tls === undefined || options.tls === false
      ? http.createServer(listener)
      : https.createServer(tlsOptions(options.tls), listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  site.origin = `${server instanceof https.Server ? 'https' : 'http'}://${host}`;
  return {
    host,
    url: site.origin,
    content: site.content,
    faults: site.faults,
    requests: site.requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function tlsOptions(tls: true | 'mutual'): https.ServerOptions {
  const identity = { cert: TEST_CERTIFICATE, key: TEST_KEY };
  if (tls === true) return identity;
  return { ...identity, ca: TEST_AUTHORITY, requestCert: true, rejectUnauthorized: true };
}

interface Visit {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
}

function serve(site: Site, visit: Visit): void {
  const { request, response } = visit;
  const method = request.method ?? 'GET';
  const path = request.url ?? '/';
  site.requests.push({
    method,
    path,
    headers: request.headers,
    clientPort: request.socket.remotePort ?? 0,
  });
  response.on('error', () => undefined);
  const fault = site.faults.take(`${method} ${path}`);
  if (fault !== undefined && answerFault(visit, fault)) return;
  if (path.startsWith('/token')) {
    serveToken(site.options.access, visit);
    return;
  }
  const challenge = checkAccess(site.options.access, { request, origin: site.origin });
  if (challenge !== undefined) {
    refuse(response, {
      status: 401,
      code: 'UNAUTHORIZED',
      headers: { 'www-authenticate': challenge },
    });
    return;
  }
  serveContent(site, { ...visit, url: new URL(path, site.origin), fault });
}

/** True when the fault was the whole answer. */
function answerFault({ request, response }: Visit, fault: Fault): boolean {
  if (fault.kind === 'hang') return true;
  if (fault.kind === 'drop') {
    request.socket.destroy();
    return true;
  }
  if (fault.kind === 'status') {
    if (fault.body === undefined) {
      refuse(response, { status: fault.status, code: 'SCRIPTED', headers: fault.headers });
    } else {
      response.writeHead(fault.status, fault.headers).end(fault.body);
    }
    return true;
  }
  if (fault.kind === 'redirect') {
    response
      .writeHead(fault.status ?? 307, { location: fault.location, 'content-length': 0 })
      .end();
    return true;
  }
  if (fault.kind === 'replace') {
    const isChunked = fault.headers?.['transfer-encoding'] !== undefined;
    const length = isChunked ? {} : { 'content-length': fault.body.length };
    response.writeHead(200, { ...length, ...fault.headers }).end(fault.body);
    return true;
  }
  return false;
}

interface ContentVisit extends Visit {
  readonly url: URL;
  readonly fault: Fault | undefined;
}

function serveContent(site: Site, visit: ContentVisit): void {
  const { url, response } = visit;
  const parts = /^\/v2\/(?:(.+)\/(manifests|blobs|tags)\/([^/]+))?$/.exec(url.pathname);
  if (parts === null) {
    refuse(response, { status: 404, code: 'NOT_FOUND' });
    return;
  }
  const [, repository, kind, reference] = parts;
  if (repository === undefined || reference === undefined) {
    response.writeHead(200, { 'content-length': 2 }).end('{}');
  } else if (kind === 'tags') {
    serveTags(site, { ...visit, repository });
  } else if (kind === 'manifests') {
    serveManifest(site, { ...visit, repository, reference });
  } else {
    serveBlob(site, { ...visit, reference });
  }
}

function serveManifest(
  site: Site,
  visit: ContentVisit & { repository: string; reference: string },
): void {
  const stored = site.content.manifest(visit.repository, visit.reference);
  if (stored === undefined) {
    refuse(visit.response, { status: 404, code: 'MANIFEST_UNKNOWN' });
    return;
  }
  sendBody(visit, { body: stored.bytes, headers: { 'content-type': stored.mediaType } });
}

function serveBlob(site: Site, visit: ContentVisit & { reference: string }): void {
  const body = site.content.blobs.get(visit.reference);
  if (body === undefined) {
    refuse(visit.response, { status: 404, code: 'BLOB_UNKNOWN' });
    return;
  }
  const headers = { 'content-type': 'application/octet-stream', etag: `"${visit.reference}"` };
  sendBody(visit, { body, headers });
}

function serveTags(site: Site, visit: ContentVisit & { repository: string }): void {
  const tags = site.content.tags(visit.repository);
  if (tags === undefined) {
    refuse(visit.response, { status: 404, code: 'NAME_UNKNOWN' });
    return;
  }
  const pageLength = site.options.tagsPerPage ?? tags.length;
  const last = visit.url.searchParams.get('last');
  const start = last === null ? 0 : tags.indexOf(last) + 1;
  const page = tags.slice(start, start + pageLength);
  const isMore = start + pageLength < tags.length;
  const next = `</v2/${visit.repository}/tags/list?last=${page.at(-1) ?? ''}>; rel="next"`;
  visit.response
    .writeHead(200, { 'content-type': 'application/json', ...(isMore ? { link: next } : {}) })
    .end(JSON.stringify({ name: visit.repository, tags: page }));
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

function refuse(response: http.ServerResponse, { status, code, headers }: Refusal): void {
  const body = JSON.stringify({ errors: [{ code, message: `scripted ${code.toLowerCase()}` }] });
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}
