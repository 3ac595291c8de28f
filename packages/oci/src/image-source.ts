/**
 * Where images come from. A registry, a layout folder, an archive and the store are image sources,
 * image sinks (image-sink.ts), or both, so that pull, load, push and save are one copy.
 */
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { Manifest } from './manifest.ts';

/** A document exactly as it was received: the digest is computed from these bytes. */
export interface RawDocument {
  bytes: Uint8Array;
  digest: Digest;
  mediaType: string;
}

/** From where in a layer to read. */
export interface LayerRequest {
  /** Where to begin, to resume an interrupted download. */
  offset: number;
  signal: AbortSignal | undefined;
}

/** One image, its platform already chosen. */
export interface ImageSource {
  /** For messages: a reference, or the path of an archive. */
  readonly name: string;
  manifest(): Promise<{
    document: RawDocument;
    manifest: Manifest;
    indexDigest: Digest | undefined;
  }>;
  /** Verified against the manifest. */
  config(): Promise<Uint8Array>;
  /** The layer as stored, possibly compressed, from the offset. The reader verifies it. */
  layer(descriptor: Descriptor, request: LayerRequest): Promise<AsyncIterable<Uint8Array>>;
  /**
   * The layer's place in an open file, if it is in one: then its bytes need not pass through here.
   */
  place?(descriptor: Descriptor): Promise<FilePlace | undefined>;
  close(): Promise<void>;
}

/** Part of a file that stays open as long as the source does. */
export interface FilePlace {
  readonly fd: number;
  readonly offset: number;
  readonly sizeBytes: number;
}
