/** The digests of a layer, of its blob and of its archive, both taken while the bytes are read. */
import { createHash } from 'node:crypto';

/** What is hashed. */
export type Lane = 'blob' | 'archive';

/** SHA-256 of each. */
export type LayerDigests = Readonly<Record<Lane, Buffer>>;

/** One layer's. Whoever makes it closes it. */
export interface LayerHashes {
  /** The bytes are the next of their lane; they may be changed afterwards. */
  update(lane: Lane, bytes: Uint8Array): Promise<void>;
  /** To be asked once, when all bytes are in. */
  digests(): Promise<LayerDigests>;
  close(): Promise<void>;
}

/** Hashes on the thread that it is used on. */
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
