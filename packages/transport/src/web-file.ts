/** Fetches a file from a web address that the user gave: no registry, no credentials. */
import type { Readable } from 'node:stream';
import { sendFollowing } from './http-redirect.ts';
import { lazyHttpClient } from './lazy-http-client.ts';
import { addressForPeople } from './network-failure.ts';
import { registryFailure } from './registry-failure.ts';

const CONNECT_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 60_000;

/** A file on its way. */
export interface WebFile {
  readonly body: Readable;
  /** Drops the connection. */
  close(): void;
}

/** The file at an http or https address, redirects followed. Throws TransportError. */
export async function fetchFile(address: string): Promise<WebFile> {
  const url = new URL(address);
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
    if (response.status === 200) return { body: response.body, close };
    throw await registryFailure(response, {
      action: `fetch "${addressForPeople(url)}"`, registry: url.host, method: 'GET',
    });
  } catch (error) {
    close();
    throw error;
  }
}
