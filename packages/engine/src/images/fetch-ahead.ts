/**
 * Fetches the small layers of an image into memory while larger ones are unpacked. A registry takes
 * its time to answer, and few small layers are worth a worker that would wait for it.
 */
import type { Descriptor, ImageSource } from '@berth/oci';

const LARGEST_BYTES = 4 << 20;
const TOTAL_BYTES = 16 << 20;
const AT_ONCE = 3;

/** One layer: its content once it is there. Never rejects. */
type Fetched = Promise<{ chunks: Uint8Array[] } | { error: unknown }>;

/**
 * `source`, of which the small ones among `layers` are being fetched until `signal` aborts. They
 * take 16 MiB of memory at most. A failure is thrown to whoever asks for that layer.
 */
export function fetchAhead(
  source: ImageSource, layers: readonly Descriptor[], signal: AbortSignal,
): ImageSource {
  // What has a place in a file needs no fetching.
  if (source.place !== undefined) return source;
  const fetched = new Map<string, Fetched>();
  const turns: Fetched[] = [];
  smallOnes(layers).forEach((descriptor, index) => {
    const layer = fetchLayer(source, { descriptor, signal, after: turns[index - AT_ONCE] });
    turns.push(layer);
    fetched.set(descriptor.digest, layer);
  });
  return {
    name: source.name,
    manifest: () => source.manifest(),
    config: () => source.config(),
    close: () => source.close(),
    layer: async (descriptor, request) => {
      const layer = await fetched.get(descriptor.digest);
      if (layer === undefined) return source.layer(descriptor, request);
      fetched.delete(descriptor.digest);
      if ('error' in layer) throw layer.error;
      return inOrder(layer.chunks);
    },
  };
}

function smallOnes(layers: readonly Descriptor[]): Descriptor[] {
  let total = 0;
  return layers.filter(({ size }) => {
    const isSmall = size <= LARGEST_BYTES && total + size <= TOTAL_BYTES;
    if (isSmall) total += size;
    return isSmall;
  });
}

interface Fetch {
  descriptor: Descriptor;
  signal: AbortSignal;
  /** Must be over first. */
  after: Fetched | undefined;
}

async function fetchLayer(
  source: ImageSource, { descriptor, signal, after }: Fetch,
): Fetched {
  await after;
  try {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of await source.layer(descriptor, { offset: 0, signal })) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      // Whoever reads a layer that is too long refuses it.
      if (sizeBytes > descriptor.size) break;
    }
    return { chunks };
  } catch (error) {
    return { error };
  }
}

async function* inOrder(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) yield chunk;
}
