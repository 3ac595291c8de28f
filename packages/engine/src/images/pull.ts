/** `pull`: from a name as typed to an image in the store, by way of the registries it may mean. */
import { describe, NotFoundError } from '@berth/errors';
import {
  formatReference,
  formatRepository,
  parsePlatform,
  type Platform,
  type Reference,
} from '@berth/oci';
import {
  createRegistryClient,
  DEFAULT_RETRY,
  listTags,
  registrySource,
  resolveName,
  type RegistryClient,
} from '@berth/transport';
import type { Engine } from '../engine.ts';
import { acquireImage } from './acquire.ts';
import type { PullOptions } from './pull-options.ts';

export type { PullOptions } from './pull-options.ts';

/** The image (with `allTags` all of the repository's) is in the store; answers the ids. */
export async function pullImage(
  engine: Engine,
  name: string,
  options: PullOptions,
): Promise<string[]> {
  const client = openClient(engine, options);
  try {
    const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
    if (options.allTags === true) {
      return await pullAllTags(engine, { name, client, platform });
    }
    return [await pullFirst(engine, { name, client, platform })];
  } finally {
    client.close();
  }
}

function openClient(engine: Engine, options: PullOptions): RegistryClient {
  return createRegistryClient({
    creds: options.credentials,
    authFile: options.authFile,
    certDirectory: options.certDir,
    tlsVerify: options.tlsVerify,
    retry: {
      ...DEFAULT_RETRY,
      ...(options.retry === undefined ? {} : { attempts: options.retry + 1 }),
      ...(options.retryDelayMs === undefined ? {} : { firstDelayMs: options.retryDelayMs }),
    },
    onRetry: ({ registry, error, delayMs }) =>
      engine.report({ kind: 'retry', what: registry, reason: describe(error), delayMs }),
  });
}

interface PullJob {
  name: string;
  client: RegistryClient;
  platform: Platform | undefined;
}

/** A short name may mean several registries: the first that has it counts. */
async function pullFirst(engine: Engine, job: PullJob): Promise<string> {
  const candidates = resolveName(job.name.replace(/^docker:\/\//, ''), job.client.config);
  const failures: unknown[] = [];
  for (const { reference } of candidates) {
    engine.report({ kind: 'resolving', name: formatReference(reference) });
    try {
      return await pullReference(engine, reference, job);
    } catch (error) {
      if (candidates.length === 1) {
        throw error;
      }
      failures.push(error);
    }
  }
  throw new NotFoundError(
    'NO_SUCH_IMAGE',
    `pull "${job.name}": no registry of the search list has it`,
    {
      cause: failures.at(-1),
      details: { tried: candidates.map(({ reference }) => formatReference(reference)) },
    },
  );
}

async function pullReference(engine: Engine, reference: Reference, job: PullJob): Promise<string> {
  const source = registrySource(reference, { client: job.client, platform: job.platform });
  try {
    return await acquireImage(engine, source, {
      names:
        reference.tag === undefined ? [] : [formatReference({ ...reference, digest: undefined })],
      repository: formatRepository(reference),
    });
  } finally {
    await source.close();
  }
}

async function pullAllTags(engine: Engine, job: PullJob): Promise<string[]> {
  const [candidate] = resolveName(job.name, job.client.config);
  if (candidate === undefined) {
    throw new NotFoundError(
      'NO_SUCH_IMAGE',
      `pull "${job.name}": no registry is configured for it`,
    );
  }
  const ids: string[] = [];
  for (const tag of await listTags(candidate.reference, job.client)) {
    const reference = { ...candidate.reference, tag, digest: undefined };
    engine.report({ kind: 'resolving', name: formatReference(reference) });
    ids.push(await pullReference(engine, reference, job));
  }
  return ids;
}
