/** The digests of a layer, of its blob and of its archive, both taken while the bytes are read. */
import { createHash } from 'node:crypto';

/** What is hashed. */
export type Lane = 'blob' | 'archive';

/** SHA-256 of each. */
export type LayerDigests = Readonly<Record<Lane, Buffer>>;

/** The hashes of one layer. Whoever makes this closes it. */
export interface LayerHashes {
  /** Adds the next bytes of their lane; the caller may change them afterwards. */
  update(lane: Lane, bytes: Uint8Array): Promise<void>;
  /** Call it once, after all bytes. */
  digests(): Promise<LayerDigests>;
  close(): Promise<void>;
}

/** Hashes on the calling thread. */
export class HashesHere implements LayerHashes {
  readonly #hashes = { blob: createHash('sha256'), archive: createHash('sha256') };

  update(lane: Lane, bytes: Uint8Array): Promise<void> {
    this.#hashes[lane].update(bytes);
    return Promise.resolve();
  }

  digests(): Promise<LayerDigests> {
    const { blob, archive } = this.#hashes;
    return Promise.resolve({ blob: blob.digest(), archive: archive.digest() });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
