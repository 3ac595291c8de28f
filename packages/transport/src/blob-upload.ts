/**
 * Puts one blob into a repository. A blob that is still being made is sent ahead, as one piece of
 * unknown length, which is how Docker pushes. If that goes wrong, the upload goes on as that of a
 * whole blob.
 */
import type { Descriptor } from '@berth/oci';
import { Upload, type UploadPlace, type WholeBlob } from './upload.ts';

/** A blob that is being made: its digest is known when its last byte is. */
export interface GrowingBlob {
  /**
   * All bytes from the beginning, each as soon as it is there. Ends with the last, and fails when
   * making them fails.
   */
  follow: () => AsyncIterable<Uint8Array>;
  readonly whole: Promise<WholeBlob>;
}

/** How a blob came to be in the repository. */
export interface UploadedBlob {
  readonly descriptor: Descriptor;
  /** It need not have been sent. */
  readonly wasThere: boolean;
}

/** The blob is in the repository. Throws TransportError, and what reading the content throws. */
export async function uploadBlob(place: UploadPlace, blob: WholeBlob): Promise<void> {
  await new Upload(place).complete(blob);
}

/**
 * Begins an upload, and only if the registry allows it makes the blob, which is sent meanwhile. If
 * `isThere` then says that the repository has it, sending ends. Throws as uploadBlob, and what
 * making throws.
 */
export async function uploadGrowing(
  place: UploadPlace,
  make: () => GrowingBlob,
  isThere: (descriptor: Descriptor) => Promise<boolean>,
): Promise<UploadedBlob> {
  const upload = new Upload(place);
  await upload.begin();
  const growing = make();
  const ending = new AbortController();
  const sending = upload.sendAhead(growing.follow, ending.signal);
  try {
    const blob = await growing.whole;
    const { descriptor } = blob;
    // Registries remove by themselves what was not finished.
    if (await isThere(descriptor)) return { descriptor, wasThere: true };
    await sending;
    await upload.complete(blob);
    return { descriptor, wasThere: false };
  } finally {
    ending.abort();
    await sending;
  }
}
