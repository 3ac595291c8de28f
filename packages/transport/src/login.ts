/** `login` and `logout`: check credentials with the registry, then store or remove them. */
import { NotFoundError } from '@berth/errors';
import {
  asObject, authFilePaths, changeAuthFile, readAuthFile, writableAuthFile,
} from './auth-file.ts';
import type { AuthFile } from './auth-file.ts';
import { eraseWithHelper, listHelper, storeWithHelper } from './credential-helper.ts';
import type { Credentials } from './credential-record.ts';
import type { CredentialSources } from './credentials.ts';
import { canonicalRegistry, helpersOf, serverName } from './credentials.ts';
import { loadRegistriesConfig } from './registries-config.ts';
import { createRegistryClient } from './registry-client.ts';
import type { RegistryOptions } from './registry-client.ts';
import { discardBody } from './response-body.ts';

type Sources = Omit<CredentialSources, 'creds'>;

/** What `login` needs; `registry` may go on with a repository path, as in auth.json. */
export interface LoginRequest extends RegistryOptions {
  readonly registry: string;
  readonly credentials: Credentials;
}

/**
 * The registry accepts the credentials. Throws TransportError when it refuses them, can't be
 * reached or is no registry.
 */
export async function checkLogin(request: LoginRequest): Promise<void> {
  const [host = ''] = authKey(request.registry).split('/');
  const client = createRegistryClient({ ...request, creds: request.credentials });
  try {
    const session = client.session({ host, isInsecure: undefined });
    const response = await session.fetch({
      path: '/v2/',
      repository: '',
      action: `log in to "${request.registry}"`,
    });
    await discardBody(response);
  } finally {
    client.close();
  }
}

/**
 * The credentials are checked and kept: with the credential helper that the auth file names for
 * this registry, else with the first of registries.conf, else in the file itself (0600, in one
 * step). Gives where they are kept. Errors as `checkLogin`; nothing is kept then.
 */
export async function login(request: LoginRequest): Promise<{ readonly keptIn: string }> {
  await checkLogin(request);
  const environment = request.environment ?? process.env;
  const path = writableAuthFile({ authFile: request.authFile, environment });
  const file = await readAuthFile({ path, isRequired: false });
  const key = authKey(request.registry);
  const { credentials } = request;
  const { credentialHelpers: helpers } = request.config ?? loadRegistriesConfig({ environment });
  const helper = helperOf(file, key) ?? helpersOf({ ...request, helpers })[0];
  if (helper !== undefined) {
    await storeWithHelper(helper, { server: serverName(key), environment, credentials });
    return { keptIn: `credential helper "${helper}"` };
  }
  await changeAuthFile(path, (document) => {
    const auths = asObject(document['auths']);
    return { ...document, auths: { ...auths, [key]: authEntry(auths[key], credentials) } };
  });
  return { keptIn: path };
}

/**
 * The registry is forgotten by the auth file, its helper and those of registries.conf. Throws
 * NotFoundError when none of them knew it.
 */
export async function logout(registry: string, sources: Sources = {}): Promise<void> {
  const environment = sources.environment ?? process.env;
  const path = writableAuthFile({ authFile: sources.authFile, environment });
  const file = await readAuthFile({ path, isRequired: false });
  const key = authKey(registry);
  const named = helperOf(file, key);
  let isForgotten = false;
  for (const helper of [...(named === undefined ? [] : [named]), ...helpersOf(sources)]) {
    const isErased = await eraseWithHelper(helper, { server: serverName(key), environment });
    isForgotten ||= isErased;
  }
  const names = namesOf(file, key);
  if (names.length > 0) {
    await forget(path, names);
    isForgotten = true;
  }
  if (!isForgotten) throw await notLoggedIn({ registry, key, path }, sources);
}

/** A login of Docker's, or of an earlier session, is used by pulls and pushes, but not removed. */
async function notLoggedIn(
  { registry, key, path }: { registry: string; key: string; path: string },
  { authFile, environment = process.env }: Sources,
): Promise<NotFoundError> {
  for (const place of authFilePaths({ authFile, environment })) {
    if (place.path === path || !namesOf(await readAuthFile(place), key).length) continue;
    return new NotFoundError('NOT_LOGGED_IN',
      `log out of "${registry}": its login is in "${place.path}"`, {
        hint: `berth logout --authfile ${place.path} ${registry}`,
      });
  }
  return new NotFoundError('NOT_LOGGED_IN', `log out of "${registry}": not logged in to it`, {
    hint: `berth login ${registry}`,
  });
}

function namesOf(file: AuthFile | undefined, key: string): string[] {
  return [...(file?.auths.keys() ?? [])].filter((name) => name === key || isSame(name, key));
}

/** The auth file and all helpers forget every registry; gives those that were known. */
export async function logoutAll(sources: Sources = {}): Promise<string[]> {
  const environment = sources.environment ?? process.env;
  const path = writableAuthFile({ authFile: sources.authFile, environment });
  const file = await readAuthFile({ path, isRequired: false });
  const names = [...(file?.auths.keys() ?? [])];
  if (names.length > 0) await forget(path, names);
  for (const [host, helper] of Object.entries(file?.credHelpers ?? {})) {
    if (await eraseWithHelper(helper, { server: serverName(host), environment })) names.push(host);
  }
  const own = file?.credsStore;
  const stores = [...(own === undefined ? [] : [own]), ...helpersOf(sources)];
  for (const store of stores) {
    for (const server of Object.keys(await listHelper(store, environment))) {
      if (await eraseWithHelper(store, { server, environment })) names.push(server);
    }
  }
  return [...new Set(names)];
}

function forget(path: string, names: readonly string[]): Promise<void> {
  return changeAuthFile(path, (document) => {
    const auths = { ...asObject(document['auths']) };
    for (const name of names) delete auths[name];
    return { ...document, auths };
  });
}

function authEntry(previous: unknown, credentials: Credentials): Record<string, unknown> {
  const { auth: _auth, identitytoken: _token, ...unknownFields } = asObject(previous);
  const pair = `${credentials.username}:${credentials.password}`;
  const token = credentials.identityToken;
  return {
    ...unknownFields,
    auth: Buffer.from(pair).toString('base64'),
    ...(token === undefined ? {} : { identitytoken: token }),
  };
}

function helperOf(file: AuthFile | undefined, key: string): string | undefined {
  return file?.credHelpers[key] ?? file?.credsStore;
}

function authKey(registry: string): string {
  const plain = registry.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  return plain.includes('/') && !/\/v[12]$/.test(plain) ? plain : canonicalRegistry(plain);
}

function isSame(name: string, key: string): boolean {
  return /^https?:\/\//.test(name) && canonicalRegistry(name) === key;
}
