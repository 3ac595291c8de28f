/**
 * `commit`: makes an image of a container. The container's own files become one more layer, with
 * the owners that the container itself sees. The config is that of its image, with the settings
 * the container was started with.
 */
import type { Readable } from 'node:stream';
import { NotFoundError, UnsupportedError } from '@berth/errors';
import { spawnWorker } from '@berth/isolation';
import { changesWorkerArguments } from '@berth/layers';
import { MEDIA_TYPE, parseDigest, type Descriptor } from '@berth/oci';
import type { ImageLayer, Session } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { namingFullDisk } from '../full-disk.ts';
import { acquireImage } from '../images/acquire.ts';
import { embeddedReference } from '../images/embedded-name.ts';
import { endOfWorker } from '../images/layer-content.ts';
import { madeImage } from '../images/made-image.ts';
import { newLayer } from '../images/new-layer.ts';
import { localReference } from '../images/tag.ts';
import { containerChanges } from './changes.ts';
import { committedConfig, type ConfigRequest } from './committed-config.ts';
import { wholeTree, ownFiles } from './own-files.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import type { BerthContainer } from './record.ts';

/** What is made from a container. */
export interface CommitRequest extends ConfigRequest {
  /** The image's name; undefined gives it no name. */
  readonly reference: string | undefined;
  readonly format: 'oci' | 'docker';
  /** Pause the container's processes meanwhile. */
  readonly pause: boolean;
  /** One layer with all files, instead of one more layer. */
  readonly squash: boolean;
}

/** The image is in the store; answers its id. The container may run on and change meanwhile. */
export async function commitContainer(
  engine: Engine,
  name: string,
  request: CommitRequest,
): Promise<string> {
  const names = request.reference === undefined ? [] : [localReference(request.reference)];
  const { containers } = engine.store;
  const id = containers.resolve(name);
  const { state, hostName = 'another pid namespace' } = containers.state(id);
  if (request.pause && state === 'elsewhere') {
    engine.report({ kind: 'warning', message: `container ${id.slice(0, 12)} runs elsewhere `
      + `(${hostName}): from here it can't be paused, and its files may change meanwhile` });
  }
  if (!request.pause || state !== 'running') return commit(engine, { id, request, names });
  await pauseContainer(engine, id);
  try {
    return await commit(engine, { id, request, names });
  } finally {
    unpauseContainer(engine, id);
  }
}

interface Job {
  readonly id: string;
  readonly request: CommitRequest;
  readonly names: readonly string[];
}

async function commit(engine: Engine, { id, request, names }: Job): Promise<string> {
  const record = engine.store.containers.record<BerthContainer>(id);
  requireImageOfItsOwn(record);
  const below = request.squash ? [] : layersOfImage(engine, record);
  const config = committedConfig(engine, record, request);
  const session = engine.store.openSession();
  try {
    for (const diffId of record.layers) session.pinLayer(diffId);
    const made = await ownLayer(engine, { id, session, squash: request.squash });
    const source = madeImage({
      name: record.name,
      format: request.format,
      config: config(made.digest),
      layers: [...below, { mediaType: MEDIA_TYPE.ociLayer, ...made }],
    });
    return await acquireImage(engine, source, { names, repository: '' });
  } catch (error) {
    throw namingFullDisk(engine, `commit container "${record.name}"`, error);
  } finally {
    session.close();
  }
}

function requireImageOfItsOwn({ imageName, name }: BerthContainer): void {
  if (imageName !== embeddedReference('host')) return;
  throw new UnsupportedError('HOST_IMAGE',
    `commit container "${name}": its programs are this machine's own, and in no layer`, {
      hint: `berth diff ${name}; berth export ${name} | tar -x PATH...`,
    });
}

/** The layers of the container's image. Throws NotFoundError when there is no such image. */
function layersOfImage(engine: Engine, { imageId, imageName, name }: BerthContainer): Descriptor[] {
  const layers = engine.store.images.record(imageId)?.layers;
  if (layers !== undefined) return layers.map(descriptorOf);
  const why = imageId === '' ? 'it runs from a folder' : `its image "${imageName}" is gone`;
  throw new NotFoundError('NO_SUCH_IMAGE', `commit container "${name}": ${why}`, {
    hint: `berth commit --squash ${name}, which makes one layer of all files`,
  });
}

function descriptorOf({ mediaType, digest, sizeBytes }: ImageLayer): Descriptor {
  return { mediaType, digest: parseDigest(digest), size: sizeBytes };
}

/**
 * Throws NotFoundError when the container was removed meanwhile, because files may be missing in
 * that case.
 */
async function ownLayer(
  engine: Engine,
  { id, session, squash }: { id: string; session: Session; squash: boolean },
): Promise<Pick<Descriptor, 'digest' | 'size'>> {
  const changes = containerChanges(engine, id);
  const compared = squash
    ? { ...changes, newer: wholeTree(ownFiles(engine, id)), older: [], isOverlay: false } : changes;
  const args = changesWorkerArguments({ ...compared, result: 'layer' });
  const worker = spawnWorker(engine.enter, ['changes', ...args], ['ignore', 'pipe', 'pipe']);
  const ended = endOfWorker(worker, `read the files of container "${id.slice(0, 12)}"`);
  ended.catch(() => undefined);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield* worker.stdout as Readable as AsyncIterable<Uint8Array>;
    await ended;
    engine.store.containers.record(id);
  }
  try {
    const content = { chunks: chunks(), sizeBytes: undefined };
    const { result } = await newLayer(engine, { content, session });
    return result;
  } finally {
    worker.kill('SIGKILL');
  }
}
