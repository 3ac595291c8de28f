/**
 * The operations on a store that a child process is stopped in: what is there before, what is
 * done, and how to tell the state before from the state after. Any third state is a failure.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../src/index.ts';
import { addLayer, container, digest, hex, image } from '../scratch-store.ts';

export interface Operation {
  prepare(store: Store): Promise<void> | void;
  run(store: Store): Promise<void> | void;
  /** It frees space, so it must succeed on a full disk. */
  readonly isFreeing?: boolean;
  /** Text that describes the visible state. */
  look(store: Store): string;
}

const ONE = 'a'.repeat(64);
const TWO = 'b'.repeat(64);
const CONTENT = 'content of a download '.repeat(100);
const DEBIAN = 'docker.io/library/debian:12';

async function addImage(store: Store, text: string, names: string[]): Promise<void> {
  const session = store.openSession();
  session.pinLayer(digest(`layer of ${text}`));
  const layer = addLayer(store, `layer of ${text}`);
  await store.images.commit(image(text, [layer], names));
  session.close();
}

/** Images, their configs and layers, all read and verified; names, in whatever order. */
function lookAtImages(store: Store): string {
  const images = store.images.list().map(({ record, names }) => {
    for (const { diffId } of record.layers) store.layers.record(diffId);
    const manifests = store.images.origins(record.id)
      .map(({ manifestDigest }) => store.blobs.read(manifestDigest).toString());
    const own = [...names].sort();
    return [store.images.config(record.id).toString(), ...own, ...manifests].join(' ');
  });
  return images.sort().join(', ');
}

function lookAtContainers(store: Store): string {
  return store.containers.list().map(({ id, name, state }) => {
    const record = store.containers.record(id);
    const isFound = store.containers.resolve(name) === id;
    return [id.slice(0, 3), name, state.state, record.imageName, isFound].join(' ');
  }).sort().join(', ');
}

function lookAtVolumes(store: Store): string {
  return store.volumes.list().map(({ name, labels }) => name + JSON.stringify(labels)).join(', ');
}

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'write a blob': {
    prepare: () => undefined,
    run: (store) => void store.blobs.write(Buffer.from(CONTENT)),
    look: (store) => store.blobs.list().map((name) => store.blobs.read(name).length).join(),
  },
  'download a blob': {
    prepare: () => undefined,
    run: async (store) => {
      const writer = await store.blobs.open(digest(CONTENT));
      writer.write(Buffer.from(CONTENT.slice(0, 500)));
      writer.write(Buffer.from(CONTENT.slice(500)));
      await writer.finish();
    },
    look: (store) => store.blobs.list().map((name) => store.blobs.read(name).length).join(),
  },
  'commit a layer': {
    prepare: () => undefined,
    run: (store) => {
      store.openSession().pinLayer(addLayer(store, 'one'));
    },
    look: (store) => store.layers.list().map((name) => store.layers.record(name).diffId).join(),
  },
  'commit an image': {
    prepare: (store) => addImage(store, 'other', ['localhost/other:latest']),
    run: (store) => addImage(store, 'one', [DEBIAN, 'localhost/one:latest']),
    look: lookAtImages,
  },
  'tag an image': {
    prepare: async (store) => {
      await addImage(store, 'one', ['localhost/one:latest']);
      await addImage(store, 'two', [DEBIAN]);
    },
    run: (store) => store.images.tag(hex('one'), DEBIAN),
    look: lookAtImages,
  },
  'untag an image': {
    prepare: (store) => addImage(store, 'one', [DEBIAN, 'localhost/one:latest']),
    isFreeing: true,
    run: (store) => void store.images.untag(hex('one'), DEBIAN),
    look: lookAtImages,
  },
  'remove an image': {
    prepare: (store) => addImage(store, 'one', [DEBIAN, 'localhost/one:latest']),
    isFreeing: true,
    run: (store) => void store.images.remove(hex('one')),
    look: lookAtImages,
  },
  'create a container': {
    prepare: (store) => void store.containers.create(container(TWO, { name: 'other' })),
    run: (store) => {
      store.containers.create({ ...container(ONE, { name: 'web' }), files: { plan: 'plan' } });
    },
    look: lookAtContainers,
  },
  'rename a container': {
    prepare: (store) => void store.containers.create(container(ONE, { name: 'old' })),
    run: (store) => store.containers.rename(ONE, 'new'),
    look: lookAtContainers,
  },
  'remove a container': {
    prepare: (store) => {
      const paths = store.containers.create(container(ONE, { name: 'web' }));
      writeFileSync(join(paths.upper, 'file'), 'x');
    },
    isFreeing: true,
    run: async (store) => {
      store.containers.remove(ONE);
      await store.trash.empty();
    },
    look: lookAtContainers,
  },
  'create a volume': {
    prepare: () => undefined,
    run: (store) => void store.volumes.create({ name: 'data', labels: { a: 'b' } }),
    look: lookAtVolumes,
  },
  'remove a volume': {
    prepare: (store) => void store.volumes.create({ name: 'data' }),
    isFreeing: true,
    run: (store) => void store.volumes.remove('data', () => []),
    look: lookAtVolumes,
  },
  'collect': {
    prepare: async (store) => {
      await addImage(store, 'one', [DEBIAN]);
      addLayer(store, 'unused');
      store.blobs.write(Buffer.from('stray'));
      store.containers.create(container(ONE, { name: 'web' }));
    },
    isFreeing: true,
    run: async (store) => void await store.collect(),
    look: (store) => `${lookAtImages(store)}; ${lookAtContainers(store)}`,
  },
};
