/**
 * Pushes to a registry. If the registry has all layers, or can mount them, the manifest with which
 * the image was pulled is sent unchanged and keeps its digest. Otherwise the layers that are
 * missing are sent (push-layer.ts), and a new manifest names them all.
 */
import { availableParallelism } from 'node:os';
import { UsageError } from '@berth/errors';
import {
  formatReference,
  formatRepository,
  type Descriptor,
  type RawDocument,
  type Reference,
} from '@berth/oci';
import type { ImageRecord } from '@berth/storage';
import { registrySink, type RegistrySink } from '@berth/transport';
import { emptyTrash, type Engine } from '../engine.ts';
import { openClient } from '../registry/access.ts';
import { putConfig } from './copy-image.ts';
import {
  eachOnce, knownManifests, repositoryFinder, type KnownManifest,
} from './known-manifests.ts';
import { pinImage } from './layer-content.ts';
import type { FoundImage } from './local.ts';
import {
  compressionOf, formatOf, manifestDocument, type ManifestFormat,
} from './manifest-format.ts';
import { pushLayer } from './push-layer.ts';
import type { PushOptions } from './push-options.ts';

/** Where the image is pushed, and how. */
export interface RegistryPush extends PushOptions {
  reference: Reference;
}

/** The image is in the registry under its reference; answers the digest of its manifest. */
export async function pushToRegistry(
  engine: Engine,
  { record }: FoundImage,
  push: RegistryPush,
): Promise<string> {
  const { reference, registry } = push;
  const all = knownManifests(engine, record, formatRepository(reference));
  const form = otherForm(push, all.find((one) => one.form === undefined));
  const client = openClient(engine, registry);
  const session = engine.store.openSession();
  try {
    const sink = registrySink(reference, {
      client,
      mountFrom: repositoryFinder(engine, reference),
    });
    pinImage(engine, session, record);
    const known = eachOnce(all.filter((one) => one.form === undefined || one.form === form));
    const job: PushJob = { record, push, form, known, sink, folder: session.directory };
    const document = (await pushAsItCame(engine, job)) ?? (await pushAnew(engine, job));
    await remember(engine, job, document);
    return document.digest;
  } finally {
    session.close();
    client.close();
    await emptyTrash(engine);
  }
}

interface PushJob {
  record: ImageRecord;
  push: RegistryPush;
  /** The form that is asked for, if the image did not come in it. */
  form: string | undefined;
  /** Those that came with the image, and those that an earlier push made in this form. */
  known: readonly KnownManifest[];
  sink: RegistrySink;
  /** Where compressed layers are written. */
  folder: string;
}

/** The form that the flags ask for, unless it is that of `came`. */
function otherForm(push: RegistryPush, came: KnownManifest | undefined): string | undefined {
  const [layer] = came?.manifest.layers ?? [];
  const format = formatOf(came?.document.mediaType ?? '');
  const compression = (layer && compressionOf(layer)) ?? 'gzip';
  const asked = push.format ?? (push.compression === 'zstd' ? 'oci' : format);
  const form = `${asked} ${push.compression ?? compression}`;
  return form === `${format} ${compression}` ? undefined : form;
}

/**
 * Pushes a manifest that the image came with. Undefined when, for every manifest that fits, the
 * target lacks a layer.
 */
async function pushAsItCame(
  engine: Engine,
  { record, push, known, sink }: PushJob,
): Promise<RawDocument | undefined> {
  if (push.forceCompression || push.level !== undefined) return undefined;
  for (const { document, manifest } of known) {
    const format = formatOf(document.mediaType);
    if (push.format !== undefined && push.format !== format) continue;
    if ((push.reference.digest ?? document.digest) !== document.digest) continue;
    if (!manifest.layers.every((layer) => isWanted(push, layer))) continue;
    const there = await Promise.all(manifest.layers.map((layer) => sink.hasBlob(layer)));
    if (there.includes(false)) continue;
    for (const { digest, size } of manifest.layers) {
      engine.report({
        kind: 'layer', digest, state: 'exists', currentBytes: size, totalBytes: size,
      });
    }
    await putConfig(engine, sink, { record, format });
    await sink.putManifest(document);
    engine.report({ kind: 'manifest', digest: document.digest });
    return document;
  }
  return undefined;
}

async function pushAnew(engine: Engine, job: PushJob): Promise<RawDocument> {
  const { record, sink, push: { reference } } = job;
  if (reference.digest !== undefined) throw otherDigest(reference);
  const format = newFormat(job);
  const made = new Map<string, Descriptor>();
  const waiting = [...new Set(record.layers.map(({ diffId }) => diffId))];
  const worker = async (): Promise<void> => {
    try {
      for (let diffId = waiting.shift(); diffId !== undefined; diffId = waiting.shift()) {
        made.set(diffId, await pushLayer(engine, { ...job, format, diffId }));
      }
    } catch (error) {
      waiting.length = 0;
      throw error;
    }
  };
  const workers = Array.from({ length: Math.max(2, availableParallelism()) }, worker);
  const outcomes = await Promise.allSettled(workers);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const layers = record.layers.flatMap(({ diffId }) => made.get(diffId) ?? []);
  const config = await putConfig(engine, sink, { record, format });
  const document = manifestDocument(format, { config, layers });
  await sink.putManifest(document);
  engine.report({ kind: 'manifest', digest: document.digest });
  return document;
}

function otherDigest(reference: Reference): UsageError {
  const name = formatReference(reference);
  return new UsageError('OTHER_DIGEST', `push to "${name}": the image has another digest there`, {
    hint: `berth push IMAGE ${formatReference({ ...reference, digest: undefined })}`,
  });
}

function isWanted({ compression }: RegistryPush, layer: Descriptor): boolean {
  return compression === undefined || compression === compressionOf(layer);
}

function newFormat({ push, known }: PushJob): ManifestFormat {
  const found = push.compression === 'zstd' ? 'oci' : formatOf(known[0]?.document.mediaType ?? '');
  return push.format ?? found;
}

/**
 * Records this manifest with the image, so that a later push finds the blobs in that repository.
 */
async function remember(
  engine: Engine,
  { record, push, form }: PushJob,
  document: RawDocument,
): Promise<void> {
  await engine.store.images.commit({
    record,
    config: engine.store.images.config(record.id),
    origins: [{
      repository: formatRepository(push.reference),
      manifestDigest: document.digest,
      mediaType: document.mediaType,
      sizeBytes: document.bytes.length,
      form,
      seenAtMs: Date.now(),
    }],
    manifests: [document.bytes],
    names: [],
  });
}
