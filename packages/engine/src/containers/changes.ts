/** `diff`: what a container changed of its image's files, or one image of another's. */
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { NotFoundError } from '@berth/errors';
import { spawnWorker } from '@berth/isolation';
import {
  changesWorkerArguments, parseListedChange, type ChangesRequest, type ListedChange,
  type MarkedFolder,
} from '@berth/layers';
import type { Engine } from '../engine.ts';
import { endOfWorker } from '../images/layer-content.ts';
import { layerFolders } from '../images/layer-folders.ts';
import { findLocal } from '../images/local.ts';
import { etcFileNames, etcLinks, etcTarget } from './etc-files.ts';
import { ownFiles, wholeTree } from './own-files.ts';
import type { BerthContainer } from './record.ts';
import { readSpec } from './start.ts';

/** What is compared; the wanted result is chosen later. */
type Comparison = Omit<ChangesRequest, 'result'>;

/** A container or an image to compare. */
interface Compared {
  /** Its comparison with what it was made from. */
  readonly changes: Comparison;
  readonly whole: readonly MarkedFolder[];
}

/**
 * The changes between a container and its image, or in an image's last layer. With `than`: the
 * changes relative to the files of that container or image. Sorted by path. Throws NotFoundError.
 */
export async function listChanges(
  engine: Engine,
  name: string,
  { than, only }: { than: string | undefined; only?: 'container' | 'image' | undefined },
): Promise<ListedChange[]> {
  const newer = compared(engine, name, only);
  const comparison = than === undefined ? newer.changes
    : { ...newer.changes, newer: newer.whole, older: compared(engine, than, only).whole,
      isOverlay: false };
  const args = changesWorkerArguments({ ...comparison, result: 'list' });
  const worker = spawnWorker(engine.enter, ['changes', ...args], ['ignore', 'pipe', 'pipe']);
  const ended = endOfWorker(worker, `compare "${name}"`);
  ended.catch(() => undefined);
  const changes: ListedChange[] = [];
  for await (const line of createInterface({ input: worker.stdout as Readable })) {
    changes.push(parseListedChange(line));
  }
  await ended;
  return changes;
}

/** The comparison of a container, given by its full id, with its image. */
export function containerChanges(engine: Engine, id: string): Comparison {
  const { own, isWhole, layers, owners } = ownFiles(engine, id);
  const { containers } = engine.store;
  const { mounts } = readSpec(containers.paths(id).spec);
  const record = containers.record<BerthContainer>(id);
  const links = etcLinks(record).map(({ path }) => path);
  const files = [...etcFileNames(record).map(etcTarget), ...links];
  return {
    newer: [own],
    older: layers,
    isOverlay: !isWhole,
    owners,
    mountPoints: [...mounts.map(({ destination }) => destination), ...files].map(belowRoot),
    madeFolders: files.map((file) => belowRoot(dirname(file))),
  };
}

function belowRoot(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

function compared(engine: Engine, name: string, only: 'container' | 'image' | undefined): Compared {
  const id = only === 'image' ? undefined : containerOf(engine, name, only === 'container');
  if (id !== undefined) {
    return {
      changes: containerChanges(engine, id), whole: wholeTree(ownFiles(engine, id)),
    };
  }
  const image = findLocal(engine, name);
  if (image === undefined) {
    const kinds = only ?? 'container or image';
    throw new NotFoundError('NO_SUCH_OBJECT', `compare "${name}": no such ${kinds}`);
  }
  const whole = layerFolders(engine, image.config.diffIds);
  return {
    changes: {
      newer: whole.slice(0, 1), older: whole.slice(1), isOverlay: true, owners: undefined,
      mountPoints: [], madeFolders: [],
    },
    whole,
  };
}

function containerOf(engine: Engine, name: string, isRequired: boolean): string | undefined {
  try {
    return engine.store.containers.resolve(name);
  } catch (error) {
    if (isRequired || !(error instanceof NotFoundError)) throw error;
    return undefined;
  }
}
