/** Starts scripted registries and clients that know nothing of this machine, for the tests here. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RegistryServer, RegistryServerOptions } from '@berth/testing';
import { startRegistryServer } from '@berth/testing';
import type { RegistryClient, RegistryOptions } from '../src/registry-client.ts';
import { createRegistryClient } from '../src/registry-client.ts';
import type { RegistriesConfig } from '../src/registries-config.ts';

export const NO_CONFIG: RegistriesConfig = {
  searchRegistries: ['docker.io'],
  aliases: new Map(),
  rules: [],
  credentialHelpers: [],
  shortNameMode: 'permissive',
  files: [],
};

/** A directory of the test's own, gone when it ends. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'berth-transport-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A registry that stops when the test ends. */
export async function registry(
  t: TestContext,
  options: RegistryServerOptions = {},
): Promise<RegistryServer> {
  const server = await startRegistryServer(options);
  t.after(() => server.close());
  return server;
}

/** A client without TLS checks, with quick retries, that closes when the test ends. */
export function client(t: TestContext, options: RegistryOptions = {}): RegistryClient {
  const home = scratch(t);
  const made = createRegistryClient({
    tlsVerify: false,
    environment: { HOME: home, PATH: process.env['PATH'] },
    config: NO_CONFIG,
    retry: { attempts: 3, firstDelayMs: 1, longestDelayMs: 2 },
    idleTimeoutMs: 300,
    connectTimeoutMs: 2_000,
    ...options,
  });
  t.after(() => {
    made.close();
  });
  return made;
}

/** `length` bytes that do not repeat. */
export function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 0x9e3779b9;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Everything a stream of bytes gives. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
