/** Tests of fetching small layers ahead, with a source that shows what is asked of it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Descriptor, Digest, ImageSource } from '@berth/oci';
import { fetchAhead } from '../src/images/fetch-ahead.ts';

const MIB = 1 << 20;

function layer(name: string, size: number): Descriptor {
  return { mediaType: '', digest: `sha256:${name}` as Digest, size };
}

/** Gives `content` of each layer chunk by chunk, once `release` is called. */
class Registry {
  readonly asked: string[] = [];
  readonly sent: string[] = [];
  open = 0;
  mostOpen = 0;
  release = (): void => undefined;
  readonly #released = new Promise<void>((resolve) => {
    this.release = resolve;
  });
  readonly source: ImageSource;

  constructor(content: (digest: string) => Iterable<string>, more: Partial<ImageSource> = {}) {
    this.source = {
      name: 'registry',
      manifest: async () => assert.fail('not asked for'),
      config: async () => assert.fail('not asked for'),
      close: async () => undefined,
      layer: async ({ digest }) => this.#layer(digest, content),
      ...more,
    };
  }

  async *#chunks(chunks: Iterable<string>): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) {
      this.sent.push(chunk);
      yield Buffer.from(chunk);
    }
    this.open -= 1;
  }

  async #layer(digest: string, content: (digest: string) => Iterable<string>) {
    this.asked.push(digest);
    this.open += 1;
    this.mostOpen = Math.max(this.open, this.mostOpen);
    await this.#released;
    return this.#chunks(content(digest));
  }
}

async function textOf(source: ImageSource, descriptor: Descriptor): Promise<string> {
  const { signal } = new AbortController();
  const chunks: Uint8Array[] = [];
  for await (const chunk of await source.layer(descriptor, { offset: 0, signal })) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const { signal } = new AbortController();

test('small layers are fetched before they are asked for, three at a time, and once', async () => {
  const registry = new Registry((digest) => ['of ', digest]);
  const layers = ['a', 'b', 'c', 'd', 'e'].map((name) => layer(name, 20));
  const ahead = fetchAhead(registry.source, layers, signal);
  registry.release();
  while (registry.sent.length < 10) await setImmediate();
  assert.equal(registry.mostOpen, 3);
  for (const one of layers) assert.equal(await textOf(ahead, one), `of ${one.digest}`);
  assert.deepEqual(registry.asked.sort(), layers.map(({ digest }) => digest));
});

test('large layers, and more than 16 MiB in all, are left to whoever asks for them', async () => {
  const registry = new Registry(() => ['x']);
  registry.release();
  const small = ['a', 'b', 'c', 'd'].map((name) => layer(name, 4 * MIB));
  const left = [layer('large', 5 * MIB), layer('rest', 1)];
  const ahead = fetchAhead(registry.source, [...small, ...left], signal);
  while (registry.sent.length < 4) await setImmediate();
  await setImmediate();
  assert.deepEqual(registry.asked.sort(), small.map(({ digest }) => digest));
  assert.equal(await textOf(ahead, layer('large', 5 * MIB)), 'x');
  assert.equal(registry.asked.length, 5);
});

test('a failure is thrown to whoever asks for that layer, and to nobody else', async () => {
  const registry = new Registry(function* (digest) {
    if (digest === 'sha256:bad') throw new Error('cut off');
    yield 'good';
  });
  registry.release();
  const layers = [layer('bad', 9), layer('good', 4)];
  const ahead = fetchAhead(registry.source, layers, signal);
  assert.equal(await textOf(ahead, layer('good', 4)), 'good');
  await assert.rejects(textOf(ahead, layer('bad', 9)), { message: 'cut off' });
});

test('a layer without an end is read no further than its length', async () => {
  const registry = new Registry(function* () {
    for (;;) yield '0123456789';
  });
  registry.release();
  const ahead = fetchAhead(registry.source, [layer('endless', 25)], signal);
  assert.equal(await textOf(ahead, layer('endless', 25)), '0123456789'.repeat(3));
});

test('nothing is fetched from a source that has its layers in a file', () => {
  const registry = new Registry(() => ['x'], { place: async () => undefined });
  assert.equal(fetchAhead(registry.source, [layer('a', 1)], signal), registry.source);
  assert.deepEqual(registry.asked, []);
});
