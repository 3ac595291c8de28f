/** Pulling from registries: from a name as typed to an image in the store. */
import { describe, NotFoundError, SystemError, UsageError } from '@berth/errors';
import {
  DEFAULT_TAG,
  formatReference,
  formatRepository,
  localPlatform,
  parsePlatform,
  type Platform,
  type Reference,
} from '@berth/oci';
import {
  currentDigest,
  listTags,
  loadSignaturePolicy,
  registrySource,
  requireAllowed,
  resolveName,
  type RegistryClient,
  type SignaturePolicy,
} from '@berth/transport';
import type { Engine } from '../engine.ts';
import { openClient } from '../registry/access.ts';
import { acquireImage } from './acquire.ts';
import type { PullOptions } from './pull-options.ts';

/** The image is in the store, or with `allTags` all images of the repository; answers the ids. */
export async function pullFromRegistry(
  engine: Engine,
  name: string,
  options: PullOptions,
): Promise<string[]> {
  const client = openClient(engine, options);
  try {
    const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
    const policy = loadSignaturePolicy({ file: options.signaturePolicy });
    if (options.allTags === true) {
      return await pullAllTags(engine, { name, client, platform, policy });
    }
    return [await pullFirst(engine, { name, client, platform, policy })];
  } finally {
    client.close();
  }
}

/**
 * The digest that the name has now, in the first registry that has it. Throws what a pull throws.
 */
export async function digestInRegistry(
  engine: Engine,
  name: string,
  options: PullOptions,
): Promise<string> {
  const client = openClient(engine, options);
  try {
    const candidates = resolveName(name, client.config);
    return await Promise.any(candidates.map(({ reference }) =>
      currentDigest(reference, { client })));
  } catch (error) {
    throw error instanceof AggregateError ? error.errors.at(-1) : error;
  } finally {
    client.close();
  }
}

interface PullJob {
  name: string;
  client: RegistryClient;
  platform: Platform | undefined;
  policy: SignaturePolicy | undefined;
}

/** A short name may mean one of several registries; the first that has the image is used. */
async function pullFirst(engine: Engine, job: PullJob): Promise<string> {
  const candidates = resolveName(job.name, job.client.config);
  const failures: unknown[] = [];
  for (const { reference } of candidates) {
    engine.report({ kind: 'resolving', name: formatReference(reference) });
    try {
      return await pullReference(engine, reference, job);
    } catch (error) {
      if (candidates.length === 1 || error instanceof SystemError) throw error;
      failures.push(error);
    }
  }
  throw new NotFoundError(
    'NO_SUCH_IMAGE',
    `pull "${job.name}": no registry of the search list has it`,
    {
      cause: new Error(failures.map(describe).join('; ')),
      details: { tried: candidates.map(({ reference }) => formatReference(reference)) },
    },
  );
}

async function pullReference(engine: Engine, reference: Reference, job: PullJob): Promise<string> {
  requireAllowed(job.policy, { transport: 'docker', name: formatReference(reference) });
  const passedOver: unknown[] = [];
  const source = registrySource(reference, {
    client: job.client, platform: job.platform,
    onMirrorFailed: (_, error) => passedOver.push(error),
  });
  try {
    // When there is a digest, the tag is ignored: it may point to another image by now.
    const tag = reference.digest === undefined ? reference.tag : undefined;
    return await acquireImage(engine, source, {
      names: [formatReference({ ...reference, tag })],
      repository: formatRepository(reference),
      platform: job.platform ?? localPlatform(),
    });
  } catch (error) {
    // A mirror that lacks the image is nothing to speak of, unless nobody else has it.
    for (const mirror of passedOver) {
      engine.report({ kind: 'warning', message: `mirror: ${describe(mirror)}` });
    }
    throw error;
  } finally {
    await source.close();
  }
}

async function pullAllTags(engine: Engine, job: PullJob): Promise<string[]> {
  const [candidate] = resolveName(job.name, job.client.config);
  if (candidate === undefined) throw noRegistry(job.name);
  const { tag: given, digest } = candidate.reference;
  if (digest !== undefined || (given !== undefined && given !== DEFAULT_TAG)) {
    throw new UsageError('TAG_WITH_ALL_TAGS', `pull "${job.name}": --all-tags wants no tag`, {
      hint: `berth pull --all-tags ${formatRepository(candidate.reference)}`,
    });
  }
  const ids: string[] = [];
  for (const tag of await listTags(candidate.reference, job.client)) {
    const reference = { ...candidate.reference, tag, digest: undefined };
    engine.report({ kind: 'resolving', name: formatReference(reference) });
    ids.push(await pullReference(engine, reference, job));
  }
  return ids;
}

function noRegistry(name: string): NotFoundError {
  return new NotFoundError('NO_SUCH_IMAGE', `pull "${name}": no registry is configured for it`);
}
