/** Fetches a file from a web address that the user gave: no registry, no credentials. */
import type { Readable } from 'node:stream';
import { UsageError } from '@berth/errors';
import { sendFollowing } from './http-redirect.ts';
import { lazyHttpClient } from './lazy-http-client.ts';
import { addressForPeople } from './network-failure.ts';
import { registryFailure } from './registry-failure.ts';

const CONNECT_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 60_000;

/** A file on its way. */
export interface WebFile {
  /** The address without what may be secret in it. */
  readonly name: string;
  readonly body: Readable;
  /** Drops the connection. */
  close(): void;
}

/** Whether a user who typed this means a file of the web. */
export function isWebAddress(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/**
 * The file at an http or https address, redirects followed. Throws UsageError for an address that
 * can't be read, TransportError.
 */
export async function fetchFile(address: string): Promise<WebFile> {
  const url = urlOf(address);
  const name = addressForPeople(url);
  const client = lazyHttpClient({
    trust: { environment: process.env, isVerified: true },
    environment: process.env,
    userAgent: 'berth',
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
  });
  const close = (): void => client.close();
  try {
    const response = await sendFollowing(client, { method: 'GET', url, headers: {} });
    if (response.status === 200) return { name, body: response.body, close };
    throw await registryFailure(response, {
      action: `fetch "${name}"`, registry: url.host, method: 'GET',
    });
  } catch (error) {
    close();
    throw error;
  }
}

function urlOf(address: string): URL {
  try {
    return new URL(address);
  } catch {
    throw new UsageError('NO_ADDRESS', `fetch "${address}": it is no web address`);
  }
}
