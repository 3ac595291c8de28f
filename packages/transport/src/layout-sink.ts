/**
 * Writes OCI image layouts into a folder or a tar. If the folder already holds a layout, its blobs
 * stay, and an image of the same name is replaced in the index.
 */
import {
  createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { IntegrityError, SystemError } from '@berth/errors';
import type { BlobContent, Descriptor, Digest, ImageSink } from '@berth/oci';
import { Digester, digestAlgorithm, digestHex, MEDIA_TYPE, parseManifest } from '@berth/oci';
import { archiveError } from './archive-failure.ts';
import type { ArchiveOutput } from './docker-archive-sink.ts';
import type { TarOutput } from './tar-output.ts';

/** Where the files of a layout are put. */
interface LayoutFiles {
  readonly name: string;
  has(path: string): boolean;
  put(path: string, descriptor: Descriptor, content: BlobContent): Promise<void>;
  /** Small files at the top, replaced whole. */
  write(path: string, text: string): void;
  /** Entries of the index that is there. */
  entries(): Descriptor[];
  finish(): void;
}

const REF_NAME = 'org.opencontainers.image.ref.name';
const VERSION = '{"imageLayoutVersion":"1.0.0"}';

/** A layout in the folder `path`, which is made. */
export function layoutFolderOutput(path: string): ArchiveOutput {
  return layoutOutput(folderFiles(path));
}

/** A layout as an archive (oci-archive). */
export function layoutArchiveOutput(output: TarOutput, name: string): ArchiveOutput {
  return layoutOutput(tarFiles(output, name));
}

function layoutOutput(files: LayoutFiles): ArchiveOutput {
  const entries: Descriptor[] = [];
  const sink = (names: readonly string[]): ImageSink => ({
    name: files.name,
    hasBlob: async ({ digest }) => files.has(blobPath(digest)),
    putBlob: (descriptor, content) => files.put(blobPath(descriptor.digest), descriptor, content),
    async putManifest({ bytes, digest, mediaType }) {
      const descriptor: Descriptor = { mediaType, digest, size: bytes.length };
      const content = { stream: () => once(bytes) };
      if (!files.has(blobPath(digest))) await files.put(blobPath(digest), descriptor, content);
      const named = names.map((name) => ({ ...descriptor, annotations: { [REF_NAME]: name } }));
      entries.push(...(named.length === 0 ? [descriptor] : named));
    },
  });
  return {
    sink,
    async finish() {
      const nameOf = (entry: Descriptor): string | undefined => entry.annotations?.[REF_NAME];
      const kept = files.entries().filter((old) =>
        !entries.some((entry) => nameOf(old) === undefined
          ? entry.digest === old.digest : nameOf(entry) === nameOf(old)));
      files.write('oci-layout', VERSION);
      files.write('index.json', JSON.stringify({
        schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [...kept, ...entries],
      }));
      files.finish();
    },
  };
}

function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

function tarFiles(output: TarOutput, name: string): LayoutFiles {
  const written = new Set<string>();
  return {
    name,
    has: (path) => written.has(path),
    async put(path, { size }, content) {
      written.add(path);
      output.directory(path.slice(0, path.lastIndexOf('/')));
      await output.content(path, size, content);
    },
    write: (path, text) => output.file(path, Buffer.from(text)),
    entries: () => [],
    finish: () => output.finish(),
  };
}

function folderFiles(folder: string): LayoutFiles {
  return {
    name: folder,
    has: (path) => existsSync(join(folder, path)),
    async put(path, descriptor, content) {
      const target = join(folder, path);
      makeFolder(join(target, '..'));
      await putFile(target, descriptor, content);
    },
    write(path, text) {
      makeFolder(folder);
      const temporary = join(folder, `.${path}.${process.pid}`);
      try {
        writeFileSync(temporary, text);
        renameSync(temporary, join(folder, path));
      } catch (error) {
        rmSync(temporary, { force: true });
        throw archiveError(error, { action: 'write', path: join(folder, path) });
      }
    },
    entries() {
      if (!existsSync(join(folder, 'index.json'))) return [];
      const index = parseManifest(readFileSync(join(folder, 'index.json')), MEDIA_TYPE.ociIndex);
      return index.kind === 'index' ? index.manifests : [];
    },
    finish: () => undefined,
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new SystemError('WRITE_LAYOUT', `make folder "${path}"`, { cause });
  }
}

/**
 * The content is at `target`, whole and with the digest of its descriptor, or nothing is.
 * Throws an IntegrityError or a SystemError.
 */
export async function putFile(
  target: string,
  { digest, size }: Descriptor,
  content: BlobContent,
): Promise<void> {
  const temporary = `${target}.${process.pid}`;
  const digester = new Digester(digestAlgorithm(digest));
  let written = 0;
  try {
    await pipeline(async function* () {
      for await (const chunk of content.stream()) {
        digester.update(chunk);
        written += chunk.length;
        yield chunk;
      }
    }, createWriteStream(temporary));
    if (written !== size || digester.digest() !== digest) {
      throw new IntegrityError('BLOB_DIGEST', `write "${target}": its content is not "${digest}"`);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw archiveError(error, { action: 'write', path: target });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
