/** `login` and `logout`: credentials for registries, kept where Podman and Docker keep them. */
import { NotFoundError } from '@berth/errors';
import {
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
export async function login(_engine: Engine, request: LoginRequest): Promise<{ keptIn: string }> {
  return keep({
    registry: request.registry,
    credentials: { username: request.username, password: request.password },
    authFile: request.authFile,
    tlsVerify: request.tlsVerify,
    certDirectory: request.certDir,
  });
}

/** The user name kept for a registry. Throws NotFoundError when there is none. */
export async function getLogin(
  _engine: Engine,
  registry: string,
  authFile: string | undefined,
): Promise<string> {
  const found = await loadCredentials({ registry, repository: '' }, { authFile });
  if (found === undefined || !('username' in found)) {
    throw new NotFoundError('NOT_LOGGED_IN', `find the login of "${registry}": not logged in`, {
      hint: `berth login ${registry}`,
    });
  }
  return found.username;
}

/** The registry is forgotten, or all of them; answers which. Throws NotFoundError for none. */
export async function logout(
  _engine: Engine,
  { registry, authFile }: { registry: string | undefined; authFile: string | undefined },
): Promise<string[]> {
  if (registry === undefined) {
    return forgetAll({ authFile });
  }
  await forget(registry, { authFile });
  return [registry];
}
