/** `login` and `logout`: credentials for registries, kept where Podman and Docker keep them. */
import { NotFoundError, TransportError } from '@berth/errors';
import {
  checkLogin,
  loadCredentials,
  login as keep,
  logout as forget,
  logoutAll as forgetAll,
} from '@berth/transport';
import type { Engine } from '../engine.ts';

/** Who logs in, and where. */
export interface LoginRequest {
  registry: string;
  username: string;
  password: string;
  authFile: string | undefined;
  tlsVerify: boolean | undefined;
  certDir: string | undefined;
}

/** The registry has accepted the credentials and they are kept; answers where. */
export async function login(engine: Engine, request: LoginRequest): Promise<{ keptIn: string }> {
  return keep({
    config: engine.registries(),
    registry: request.registry,
    credentials: { username: request.username, password: request.password },
    authFile: request.authFile,
    tlsVerify: request.tlsVerify,
    certDirectory: request.certDir,
  });
}

/**
 * Whether the registry still accepts the credentials that are kept for it. Undefined if none are
 * kept. Throws TransportError if it can't be asked.
 */
export async function isLoggedIn(
  engine: Engine,
  { registry, authFile, tlsVerify, certDir }: Omit<LoginRequest, 'username' | 'password'>,
): Promise<boolean | undefined> {
  const credentials = await loadCredentials(placeOf(registry), sourcesOf(engine, authFile));
  if (credentials === undefined) return undefined;
  try {
    await checkLogin({
      registry, credentials, authFile, tlsVerify, certDirectory: certDir,
      config: engine.registries(),
    });
    return true;
  } catch (error) {
    if (error instanceof TransportError && error.code === 'REGISTRY_UNAUTHORIZED') return false;
    throw error;
  }
}

/** The user name kept for a registry. Throws NotFoundError when there is none. */
export async function getLogin(
  engine: Engine,
  registry: string,
  authFile: string | undefined,
): Promise<string> {
  const found = await loadCredentials(placeOf(registry), sourcesOf(engine, authFile));
  if (found === undefined || !('username' in found)) {
    throw new NotFoundError('NOT_LOGGED_IN', `find the login of "${registry}": not logged in`, {
      hint: `berth login ${registry}`,
    });
  }
  return found.username;
}

/** Where logins are kept. */
function sourcesOf({ registries }: Engine, authFile: string | undefined) {
  return { authFile, helpers: registries().credentialHelpers };
}

/** A login may be for a part of a registry: HOST/PATH. */
function placeOf(registry: string): { registry: string; repository: string } {
  const [host = '', ...path] = registry.replace(/^https?:\/\//, '').split('/');
  return { registry: host, repository: path.join('/') };
}

/** The registry is forgotten, or all of them; answers which. Throws NotFoundError for none. */
export async function logout(
  engine: Engine,
  { registry, authFile }: { registry: string | undefined; authFile: string | undefined },
): Promise<string[]> {
  if (registry === undefined) {
    return forgetAll(sourcesOf(engine, authFile));
  }
  await forget(registry, sourcesOf(engine, authFile));
  return [registry];
}
