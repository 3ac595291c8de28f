/** How registries are reached: by which login, certificates and patience. */
import { describe } from '@berth/errors';
import { createRegistryClient, DEFAULT_RETRY, type RegistryClient } from '@berth/transport';
import type { Engine } from '../engine.ts';

/** What the flags say about it. Undefined leaves the choice to the configuration. */
export interface RegistryAccess {
  /** `USER[:PASSWORD]` */
  credentials: string | undefined;
  authFile: string | undefined;
  tlsVerify: boolean | undefined;
  certDir: string | undefined;
  retry?: number | undefined;
  retryDelayMs?: number | undefined;
}

/** A registry client as the flags ask for it. Whoever opens it closes it. */
export function openClient(engine: Engine, access: RegistryAccess): RegistryClient {
  return createRegistryClient({
    config: engine.registries(),
    creds: access.credentials,
    authFile: access.authFile,
    certDirectory: access.certDir,
    tlsVerify: access.tlsVerify,
    retry: {
      ...DEFAULT_RETRY,
      ...(access.retry === undefined ? {} : { attempts: access.retry + 1 }),
      ...(access.retryDelayMs === undefined ? {} : { firstDelayMs: access.retryDelayMs }),
    },
    onRetry: ({ registry, error, delayMs }) =>
      engine.report({ kind: 'retry', what: registry, reason: describe(error), delayMs }),
  });
}
