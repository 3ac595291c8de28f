/** Writes the `dir:` format of skopeo and podman: manifest.json and blobs named by their digits. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SystemError } from '@berth/errors';
import type { ImageSink } from '@berth/oci';
import { digestHex } from '@berth/oci';
import { putFile } from './layout-sink.ts';

const VERSION = 'Directory Transport Version: 1.1\n';

/** One image in the folder `path`, which is made. */
export function directorySink(path: string): ImageSink {
  try {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'version'), VERSION);
  } catch (cause) {
    throw new SystemError('WRITE_DIRECTORY', `write folder "${path}"`, { cause });
  }
  return {
    name: path,
    hasBlob: async ({ digest }) => existsSync(join(path, digestHex(digest))),
    putBlob: (descriptor, content) =>
      putFile(join(path, digestHex(descriptor.digest)), descriptor, content),
    async putManifest({ bytes }) {
      writeFileSync(join(path, 'manifest.json'), bytes);
    },
  };
}
