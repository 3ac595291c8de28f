/**
 * Finds the user's credentials for a registry: --creds, then the helpers of registries.conf, then
 * the auth files in Podman's order, then Docker's, each with its credential helpers. It only reads;
 * login.ts writes.
 */
import type { AuthFile } from './auth-file.ts';
import { authFilePaths, readAuthFile } from './auth-file.ts';
import { askHelper } from './credential-helper.ts';
import type { Credentials } from './credential-record.ts';
import { parseCreds } from './credential-record.ts';

/** Where to look; the environment is data so that tests and other callers choose it. */
export interface CredentialSources {
  /** --creds: `USER[:PASSWORD]`, or already split. */
  readonly creds?: string | Credentials | undefined;
  /** --authfile. */
  readonly authFile?: string | undefined;
  /** The helpers of registries.conf. */
  readonly helpers?: readonly string[] | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * The credentials for `registry` and `repository` (path without host; '' for the registry itself),
 * or undefined to stay anonymous. The longest matching prefix of HOST/REPOSITORY in the first file
 * that knows one wins. Throws UsageError for an unreadable file, NotFoundError for a named
 * --authfile that is missing, SystemError for a broken credential helper.
 */
export async function loadCredentials(
  target: { readonly registry: string; readonly repository: string },
  sources: CredentialSources = {},
): Promise<Credentials | undefined> {
  if (sources.creds !== undefined) return parseCreds(sources.creds);
  const environment = sources.environment ?? process.env;
  for (const helper of helpersOf(sources)) {
    const server = serverName(canonicalRegistry(target.registry));
    const found = await askHelper(helper, { server, environment });
    if (found !== undefined) return found;
  }
  for (const place of authFilePaths({ authFile: sources.authFile, environment })) {
    const file = await readAuthFile(place);
    const found = file && (await lookUp(file, { ...target, environment }));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The helpers of registries.conf; none for a user who names a file. */
export function helpersOf({ authFile, helpers }: CredentialSources): readonly string[] {
  return authFile === undefined ? helpers ?? [] : [];
}

interface LookUp {
  readonly registry: string;
  readonly repository: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

async function lookUp(file: AuthFile, target: LookUp): Promise<Credentials | undefined> {
  const host = canonicalRegistry(target.registry);
  const helper = file.credHelpers[host] ?? helperFor(file, host);
  if (helper !== undefined) {
    return askHelper(helper, { server: serverName(host), environment: target.environment });
  }
  const entry = findEntry(file, { host, repository: target.repository });
  if (entry !== undefined) return entry;
  if (file.credsStore === undefined) return undefined;
  return askHelper(file.credsStore, { server: serverName(host), environment: target.environment });
}

function helperFor(file: AuthFile, host: string): string | undefined {
  const key = Object.keys(file.credHelpers).find((name) => canonicalRegistry(name) === host);
  return key === undefined ? undefined : file.credHelpers[key];
}

function findEntry(
  file: AuthFile,
  { host, repository }: { host: string; repository: string },
): Credentials | undefined {
  const parts = repository === '' ? [] : repository.split('/');
  for (let length = parts.length; length > 0; length -= 1) {
    const entry = file.auths.get([host, ...parts.slice(0, length)].join('/'));
    if (entry !== undefined) return entry;
  }
  const direct = file.auths.get(host);
  if (direct !== undefined) return direct;
  // Docker writes whole addresses such as https://index.docker.io/v1/.
  for (const [key, entry] of file.auths) {
    if (isAddress(key) && canonicalRegistry(key) === host) return entry;
  }
  return undefined;
}

function isAddress(key: string): boolean {
  return /^https?:\/\//.test(key) || /\/v[12]\/?$/.test(key);
}

/** One name for a registry, however it was written; Docker Hub has several. */
export function canonicalRegistry(name: string): string {
  const host = name.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  const isHub = ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'].includes(
    host,
  );
  return isHub ? 'docker.io' : host;
}

/** The name under which credential helpers know a registry. */
export function serverName(host: string): string {
  return host === 'docker.io' ? 'https://index.docker.io/v1/' : host;
}
