/**
 * A layer whose digest is not known beforehand: an imported archive, or the changes of a
 * container.
 */
import { parseDigest, type Descriptor } from '@berth/oci';
import type { Session } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { LayerWorker, type LayerContent } from './layer-worker.ts';
import { storeLayer } from './store-layer.ts';

/** What a new layer is made from. */
export interface NewLayer {
  readonly content: LayerContent;
  /** Protects the layer from garbage collection until an image names it. */
  readonly session: Session;
  /**
   * Called with the number of bytes read, before the layer is in the store; throws to refuse it.
   */
  readonly verify?: (blobBytes: number) => void;
}

/** The layer is in the store. When this throws, nothing of it is left there. */
export async function newLayer(
  engine: Engine,
  { content, session, verify }: NewLayer,
): Promise<{ result: Pick<Descriptor, 'digest' | 'size'>; blobBytes: number }> {
  const worker = new LayerWorker(engine);
  try {
    const { diffId, archiveBytes, blobBytes } = await storeLayer(engine, async (staging) => {
      const { tree, recipe } = staging;
      const result = await worker.apply({ tree, recipe, content, expectedDiffId: undefined });
      verify?.(result.blobBytes);
      session.pinLayer(result.diffId);
      return result;
    });
    return { result: { digest: parseDigest(diffId), size: archiveBytes }, blobBytes };
  } finally {
    await worker.close();
  }
}
