/**
 * Everything that requests to registries share within one command: configuration, connections,
 * trust, credentials, and one session for each registry.
 */
import type { Credentials } from './credential-record.ts';
import { parseCreds } from './credential-record.ts';
import { loadCredentials } from './credentials.ts';
import type { HttpClient } from './http-client.ts';
import { lazyHttpClient } from './lazy-http-client.ts';
import type { RegistriesConfig } from './registries-config.ts';
import { loadRegistriesConfig } from './registries-config.ts';
import { findRule } from './pull-sources.ts';
import type { RegistrySession, SessionOptions } from './registry-session.ts';
import { anySignal, openSession } from './registry-session.ts';
import type { RetryPolicy } from './retry.ts';
import { DEFAULT_RETRY } from './retry.ts';

/** What the caller may choose; the defaults are those of the command line. */
export interface RegistryOptions {
  /** --creds: for the named registry only, never for its mirrors. */
  readonly creds?: string | Credentials | undefined;
  readonly authFile?: string | undefined;
  /** --cert-dir. */
  readonly certDirectory?: string | undefined;
  /** --tls-verify; undefined leaves it to registries.conf. */
  readonly tlsVerify?: boolean | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly config?: RegistriesConfig | undefined;
  readonly retry?: RetryPolicy | undefined;
  readonly connectTimeoutMs?: number | undefined;
  /** Longest silence in the middle of an answer. */
  readonly idleTimeoutMs?: number | undefined;
  readonly userAgent?: string | undefined;
  /** Aborting it ends every request and every wait. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each wait for another try. */
  readonly onRetry?: SessionOptions['onRetry'];
}

/** A registry to reach. */
export interface SessionTarget {
  readonly host: string;
  /** Undefined: as registries.conf says for the host. */
  readonly isInsecure: boolean | undefined;
  readonly isMirror?: boolean | undefined;
}

/** Shared by all requests of one command. */
export interface RegistryClient {
  readonly options: RegistryOptions;
  readonly config: RegistriesConfig;
  /** The one session for this registry. */
  session(target: SessionTarget): RegistrySession;
  /**
   * Ends the requests under way and closes the kept connections; until then they may keep the
   * process alive.
   */
  close(): void;
}

const CONNECT_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 60_000;

/**
 * A client that has read registries.conf (unless it is given) and nothing else. Throws UsageError
 * for broken configuration. Whoever makes it closes it.
 */
export function createRegistryClient(options: RegistryOptions = {}): RegistryClient {
  const environment = options.environment ?? process.env;
  const config = options.config ?? loadRegistriesConfig({ environment });
  const clients = new Map<boolean, HttpClient>();
  const clientFor = (isVerified: boolean): HttpClient => {
    const known = clients.get(isVerified);
    if (known !== undefined) return known;
    const made = lazyHttpClient({
      trust: { environment, certDirectory: options.certDirectory, isVerified },
      environment,
      userAgent: options.userAgent ?? 'berth',
      connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    });
    clients.set(isVerified, made);
    return made;
  };
  const sessions = new Map<string, RegistrySession>();
  const end = new AbortController();
  return {
    options,
    config,
    session(target) {
      const isInsecure = decideInsecure(target, { options, config });
      const key = JSON.stringify([target.host, isInsecure, target.isMirror === true]);
      const session =
        sessions.get(key) ??
        openSession({
          registry: target.host,
          isInsecure,
          client: clientFor(!isInsecure),
          credentials: credentialsFor(target, { ...options, config }),
          retry: options.retry ?? DEFAULT_RETRY,
          idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
          signal: anySignal(options.signal, end.signal),
          onRetry: options.onRetry,
        });
      sessions.set(key, session);
      return session;
    },
    close() {
      end.abort();
      for (const client of clients.values()) client.close();
    },
  };
}

function decideInsecure(
  target: SessionTarget,
  { options, config }: { options: RegistryOptions; config: RegistriesConfig },
): boolean {
  if (options.tlsVerify !== undefined) return !options.tlsVerify;
  return target.isInsecure ?? findRule(target.host, config.rules)?.isInsecure ?? false;
}

/** Looked up once per repository, because a helper program takes time. */
function credentialsFor(
  target: SessionTarget,
  options: RegistryOptions,
): (repository: string) => Promise<Credentials | undefined> {
  const { creds } = options;
  if (creds !== undefined && target.isMirror !== true) {
    return () => Promise.resolve(parseCreds(creds));
  }
  const known = new Map<string, Promise<Credentials | undefined>>();
  return (repository) => {
    const found =
      known.get(repository) ??
      loadCredentials(
        { registry: target.host, repository },
        {
          authFile: options.authFile, environment: options.environment,
          helpers: options.config?.credentialHelpers,
        },
      );
    known.set(repository, found);
    return found;
  };
}
