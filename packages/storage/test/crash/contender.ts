/**
 * One of several processes over one store, all of which hold the lock at once: `pull` commits
 * images that share layers, checks that they stay whole, and removes them; `run` makes and removes
 * containers of one name; `collect` collects. Prints what went wrong, and exits 1.
 */
import { ConflictError } from '@berth/errors';
import { openStore, randomId } from '../../src/index.ts';
import { addLayer, container, digest, hex, image } from '../scratch-store.ts';

const [role = '', data = '', run = '', index = ''] = process.argv.slice(2);
const acquireLock = (): Promise<() => Promise<void>> => Promise.resolve(() => Promise.resolve());
const store = openStore({ data, run }, { acquireLock });
const SHARED = ['shared one', 'shared two'];
const DURATION_MS = 1500;

async function pull(round: number): Promise<void> {
  const text = `image ${index} ${round}`;
  const session = store.openSession();
  const layers = SHARED.map((name) => {
    session.pinLayer(digest(name));
    return store.layers.has(digest(name)) ? digest(name) : addLayer(store, name);
  });
  const commit = image(text, layers, [`localhost/own${index}:latest`, 'localhost/any:latest']);
  await repeatMissing(() => store.images.commit(commit));
  session.close();
  for (let look = 0; look < 3; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await repeatAbsent(() => {
      const id = store.images.lookUp(`localhost/own${index}:latest`);
      if (id !== hex(text)) throw new Error(`the name points to ${id ?? 'nothing'}`);
    });
    if (store.images.config(hex(text)).toString() !== text) throw new Error('config');
    await repeatAbsent(() => layers.map((diffId) => store.layers.record(diffId)));
  }
  store.images.remove(hex(text));
}

/** What a pull does: a layer that was collected meanwhile is committed again. */
async function repeatMissing(commit: () => Promise<void>, left = 5): Promise<void> {
  try {
    await commit();
  } catch (error) {
    const isMissing = error instanceof ConflictError && error.code === 'LAYER_MISSING';
    if (!isMissing || left === 0) throw error;
    for (const name of SHARED) if (!store.layers.has(digest(name))) addLayer(store, name);
    await repeatMissing(commit, left - 1);
  }
}

/** A collection may hold a layer or a name in its hands before it puts it back. */
async function repeatAbsent(look: () => unknown): Promise<void> {
  for (let left = 20; ; left -= 1) {
    try {
      look();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Of those who want the name, one has it. */
async function contend(): Promise<void> {
  const id = randomId();
  try {
    store.containers.create(container(id, { name: 'wanted' }));
  } catch (error) {
    if (error instanceof ConflictError && error.code === 'NAME_IN_USE') return;
    throw error;
  }
  await repeatAbsent(() => {
    const holder = store.containers.resolve('wanted');
    if (holder !== id) throw new Error(`wanted is ${holder} and not ${id}`);
  });
  store.containers.remove(id);
}

async function main(): Promise<void> {
  const endMs = performance.now() + DURATION_MS;
  for (let round = 0; performance.now() < endMs; round += 1) {
    if (role === 'pull') await pull(round);
    else if (role === 'run') await contend();
    else await store.collect();
  }
}

main().catch((error: unknown) => {
  console.error(role, error);
  process.exitCode = 1;
});
