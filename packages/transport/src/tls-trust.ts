/**
 * The certificates that a TLS connection trusts: the system's store, which is read from its files
 * here because the runtimes' built-in lists and defaults differ, plus certs.d for one host.
 */
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { UsageError } from '@berth/errors';
import { readBoundedFile } from './bounded-text.ts';

/** What a TLS connection to one host needs: its trust roots, a client certificate, or no check. */
export interface TlsProfile {
  readonly secureContext: SecureContext;
  readonly isVerified: boolean;
}

/** Where trust comes from; `certDirectory` (--cert-dir) replaces certs.d. */
export interface TrustOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly certDirectory?: string | undefined;
  /** False: any certificate will do. */
  readonly isVerified: boolean;
  /** Searched for HOST/ folders, the first that has one wins; default: user, then system. */
  readonly certRoots?: readonly string[] | undefined;
}

const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

interface HostCertificates {
  readonly authorities: readonly string[];
  readonly clients: readonly { readonly cert: string; readonly key: string }[];
}

/**
 * A function from host (with port) to its TLS settings. The system store is read at the first
 * call, so plain http never pays for it. Throws UsageError for a client certificate without key
 * and for an unreadable SSL_CERT_FILE.
 */
export function createTrust(options: TrustOptions): (host: string) => TlsProfile {
  let systemRoots: readonly string[] | undefined;
  const known = new Map<string, TlsProfile>();
  return (host) => {
    const cached = known.get(host);
    if (cached !== undefined) return cached;
    const { isVerified } = options;
    // Roots matter only where the chain is checked; parsing them takes some milliseconds.
    if (isVerified) systemRoots ??= systemCertificates(options.environment);
    const own = hostCertificates(host, options);
    const [client] = own.clients;
    const secureContext = createSecureContext({
      ca: [...(systemRoots ?? []), ...own.authorities],
      ...(client === undefined ? {} : { cert: client.cert, key: client.key }),
    });
    const profile = { secureContext, isVerified };
    known.set(host, profile);
    return profile;
  };
}

function systemCertificates(environment: TrustOptions['environment']): readonly string[] {
  const chosen = environment['SSL_CERT_FILE'];
  const extra = environment['NODE_EXTRA_CA_CERTS'];
  const found =
    chosen !== undefined && chosen !== ''
      ? [readNamed(chosen)]
      : (firstReadable(SYSTEM_BUNDLES) ?? folderCertificates(environment['SSL_CERT_DIR']));
  const more = extra === undefined || extra === '' || extra === chosen ? [] : tryRead(extra);
  return [...found, ...more];
}

function readNamed(path: string): string {
  try {
    return readBoundedFile(path);
  } catch (cause) {
    throw new UsageError('BAD_CERTIFICATE', `read SSL_CERT_FILE "${path}": ${reason(cause)}`);
  }
}

function firstReadable(paths: readonly string[]): readonly string[] | undefined {
  for (const path of paths) {
    const found = tryRead(path);
    if (found.length > 0) return found;
  }
  return undefined;
}

function tryRead(path: string): readonly string[] {
  try {
    return [readBoundedFile(path)];
  } catch {
    return [];
  }
}

function folderCertificates(folders: string | undefined): readonly string[] {
  return (folders ?? '/etc/ssl/certs')
    .split(':')
    .flatMap((folder) => listFolder(folder).map((name) => join(folder, name)))
    .filter((path) => /\.(pem|crt)$/.test(path))
    .flatMap(tryRead);
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function hostCertificates(host: string, options: TrustOptions): HostCertificates {
  if (options.certDirectory !== undefined) return readCertificates(options.certDirectory);
  // A redirect may name any host; `..` must not lead to a parent folder.
  if (host.startsWith('.')) return { authorities: [], clients: [] };
  const roots = options.certRoots ?? defaultCertRoots(options.environment);
  for (const root of roots) {
    const folder = join(root, host);
    if (listFolder(folder).length > 0) return readCertificates(folder);
  }
  return { authorities: [], clients: [] };
}

function defaultCertRoots(environment: TrustOptions['environment']): readonly string[] {
  const config =
    environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? homedir(), '.config');
  return [join(config, 'containers/certs.d'), '/etc/containers/certs.d', '/etc/docker/certs.d'];
}

function readCertificates(folder: string): HostCertificates {
  const names = listFolder(folder);
  const authorities = names
    .filter((name) => name.endsWith('.crt'))
    .map((name) => readOwn(join(folder, name)));
  const clients = names
    .filter((name) => name.endsWith('.cert'))
    .map((name) => {
      const keyName = `${name.slice(0, -'.cert'.length)}.key`;
      if (!names.includes(keyName)) {
        throw new UsageError(
          'BAD_CERTIFICATE',
          `read "${join(folder, name)}": its key "${keyName}" is missing`,
        );
      }
      return {
        cert: readOwn(join(folder, name)),
        key: readOwn(join(folder, keyName)),
      };
    });
  return { authorities, clients };
}

function readOwn(path: string): string {
  try {
    return readBoundedFile(path);
  } catch (cause) {
    throw new UsageError('BAD_CERTIFICATE', `read "${path}"`, { cause });
  }
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && cause.code === 'ENOENT' ? 'no such file' : cause.message;
}
