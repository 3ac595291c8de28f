/** What the tests of this package share: a store in a scratch directory, and things to put in. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ContainerNames } from '../src/container-names.ts';
import { openStore } from '../src/index.ts';
import type { CommitImage, ContainerRecord, CreateContainer, Store } from '../src/index.ts';
import type { StoreParts } from '../src/store.ts';

/** A store below a directory of its own, which goes with the test. */
export function scratchStore(context: TestContext, parts: StoreParts = {}): Store {
  const root = mkdtempSync(join(tmpdir(), 'berth-storage-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return openStore({ data: join(root, 'data'), run: join(root, 'run') }, parts);
}

/** Once, right after somebody has read the names of all containers, that is done. */
export function afterNamesAreRead(context: TestContext, perform: () => void): void {
  const { links } = ContainerNames.prototype;
  const mock = context.mock.method(ContainerNames.prototype, 'links', function read(
    this: ContainerNames,
  ) {
    const found = links.call(this);
    mock.mock.restore();
    perform();
    return found;
  });
}

export function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function digest(text: string): string {
  return `sha256:${hex(text)}`;
}

/** A committed layer whose diff id is made of `text`. */
export function addLayer(store: Store, text: string): string {
  const staging = store.layers.stage();
  writeFileSync(join(staging.tree, 'file'), text);
  writeFileSync(staging.recipe, 'recipe');
  const diffId = digest(text);
  store.layers.commit(staging, {
    version: 1, diffId, sizeBytes: text.length, fileCount: 1, idMap: 'test',
  });
  return diffId;
}

/** What commits an image whose config is `text`, over `layers`. */
export function image(text: string, layers: readonly string[], names: string[]): CommitImage {
  const manifest = `manifest of ${text}`;
  return {
    record: {
      version: 1, id: hex(text), architecture: 'amd64', os: 'linux', sizeBytes: 1, labels: {},
      addedAtMs: 1,
      layers: layers.map((diffId) => ({
        diffId, digest: digest(`gz ${diffId}`), mediaType: 'application/x', sizeBytes: 1,
      })),
    },
    config: Buffer.from(text),
    manifests: [Buffer.from(manifest)],
    origins: [{
      repository: 'docker.io/library/debian', manifestDigest: digest(manifest),
      mediaType: 'application/y', sizeBytes: manifest.length, seenAtMs: 1,
    }],
    names,
  };
}

/** What creates a container. */
export function container(id: string, changes: Partial<ContainerRecord> = {}): CreateContainer {
  const record: ContainerRecord = {
    version: 1, id, name: `name_${id.slice(0, 8)}`, createdAtMs: 1700000000000, imageId: hex('i'),
    imageName: 'docker.io/library/debian:12', layers: [], labels: {}, volumes: [], ...changes,
  };
  return {
    record,
    summary: {
      createdAtMs: record.createdAtMs, image: record.imageName, command: ['sleep', '1'], ports: '',
    },
    writable: 'overlay',
  };
}

/** Every entry of a directory; none when it is not there. */
export function entries(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
