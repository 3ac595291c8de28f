/** Where images go: a registry, a layout, an archive. */
import type { Descriptor } from './descriptor.ts';
import type { RawDocument } from './image-source.ts';

/** Bytes that can be read any number of times. */
export interface BlobContent {
  /** All of them, from the beginning. */
  stream(): AsyncIterable<Uint8Array>;
  /** Writes all of them to an open file, without passing them through this process. */
  writeTo?(fd: number): Promise<void>;
}

/** Where one image is put: blobs first, the manifest that names them last. */
export interface ImageSink {
  /** For messages. */
  readonly name: string;
  /** True when the blob is there already, or could be put there without sending it. */
  hasBlob(descriptor: Descriptor): Promise<boolean>;
  putBlob(descriptor: Descriptor, content: BlobContent): Promise<void>;
  putManifest(document: RawDocument): Promise<void>;
}
