/**
 * Writes one file's payload, hashes it for the recipe, and saves payloads of files that are about
 * to be replaced.
 */
import * as crypto from 'node:crypto';
import type { Hash } from 'node:crypto';
import { loadSyscalls, OPEN, succeed } from '@berth/host';
import { statusOf } from './layer-tree.ts';
import type { RecipeWriter } from './recipe-writer.ts';
import { shown } from './tar-entry.ts';
import type { DataSegment, TarEntry } from './tar-entry.ts';
import { treePath } from './tree-path.ts';

const COPY_BYTES = 1 << 18;
const ALGORITHM = 'sha256';

/** A file whose payload is complete; the receiver closes `fd`. */
export interface OpenFile {
  readonly fd: number;
  readonly path: string;
}

/** One payload at a time. */
export class PayloadWriter {
  readonly #syscalls = loadSyscalls();
  readonly #recipe: RecipeWriter | undefined;
  /** Maps of the sparse files in the tree: few, and needed when such a file is replaced. */
  readonly #sparse = new Map<string, readonly DataSegment[]>();
  #file: OpenFile | undefined;
  #entry: TarEntry | undefined;
  #hash: Hash | undefined;
  #digest: Buffer | undefined;
  #written = 0;
  #segmentIndex = 0;
  #segmentWritten = 0;

  /** Without a recipe nothing is hashed or saved. */
  constructor(recipe: RecipeWriter | undefined) {
    this.#recipe = recipe;
  }

  begin(fd: number, path: string, entry: TarEntry): void {
    this.#file = { fd, path };
    this.#entry = entry;
    this.#hash = undefined;
    this.#digest = undefined;
    this.#written = 0;
    this.#segmentIndex = 0;
    this.#segmentWritten = 0;
  }

  /** The next bytes of the payload. */
  write(bytes: Buffer): void {
    const { fd, path } = this.#file ?? { fd: -1, path: '' };
    if (this.#recipe !== undefined) this.#digestBytes(bytes);
    if (this.#entry?.segments === undefined) {
      succeed(this.#syscalls.write(fd, bytes), 'write', shown(path));
    } else {
      this.#writeSegments(bytes, this.#entry.segments);
    }
    this.#written += bytes.length;
  }

  /** Notes the payload in the recipe; returns the file that is complete now, if there is one. */
  end(): OpenFile | undefined {
    const file = this.#file;
    const entry = this.#entry;
    this.#file = undefined;
    this.#entry = undefined;
    if (file === undefined || entry === undefined) return undefined;
    if (entry.segments !== undefined) {
      succeed(
        this.#syscalls.ftruncate(file.fd, entry.sizeBytes), 'set length of', shown(file.path));
      this.#sparse.set(file.path, entry.segments);
    }
    const sha256 = this.#digest ?? this.#hash?.digest();
    if (sha256 !== undefined) {
      const { segments } = entry;
      this.#recipe?.file({ path: file.path, sizeBytes: this.#written, sha256, segments });
    }
    return file;
  }

  /** Stores the payload of the file at `path`, which is about to be removed. */
  store(path: string): void {
    const recipe = this.#recipe;
    if (recipe === undefined) return;
    const flags = OPEN.RDONLY | OPEN.NOFOLLOW | OPEN.CLOEXEC;
    const fd = succeed(this.#syscalls.open(treePath(path), flags), 'open', shown(path));
    try {
      const segments = this.#sparse.get(path) ?? [{ offset: 0, length: statusOf(path)?.size ?? 0 }];
      this.#sparse.delete(path);
      const sizeBytes = segments.reduce((sum, { length }) => sum + length, 0);
      if (sizeBytes === 0) return;
      recipe.storedStart(path, sizeBytes);
      for (const segment of segments) storeSegment(recipe, fd, segment);
    } finally {
      this.#syscalls.close(fd);
    }
  }

  /** Most files come in one piece; hashing them in one call saves a hash object. */
  #digestBytes(bytes: Buffer): void {
    if (this.#written === 0 && bytes.length === this.#entry?.payloadBytes) {
      this.#digest = hashOnce(bytes);
      return;
    }
    this.#hash ??= crypto.createHash(ALGORITHM);
    this.#hash.update(bytes);
  }

  #writeSegments(bytes: Buffer, segments: readonly DataSegment[]): void {
    const { fd, path } = this.#file ?? { fd: -1, path: '' };
    let at = 0;
    while (at < bytes.length) {
      const segment = segments[this.#segmentIndex] ?? { offset: 0, length: 0 };
      const end = Math.min(bytes.length, at + segment.length - this.#segmentWritten);
      const position = segment.offset + this.#segmentWritten;
      succeed(this.#syscalls.pwrite(fd, bytes.subarray(at, end), position), 'write', shown(path));
      this.#segmentWritten += end - at;
      at = end;
      if (this.#segmentWritten < segment.length) continue;
      this.#segmentIndex += 1;
      this.#segmentWritten = 0;
    }
  }
}

/** `hash` exists since Node 20.12; older versions need a hash object. */
function hashOnce(bytes: Buffer): Buffer {
  if (typeof crypto.hash === 'function') return crypto.hash(ALGORITHM, bytes, 'buffer');
  return crypto.createHash(ALGORITHM).update(bytes).digest();
}

function storeSegment(recipe: RecipeWriter, fd: number, { offset, length }: DataSegment): void {
  const buffer = Buffer.allocUnsafe(Math.min(COPY_BYTES, length));
  let done = 0;
  while (done < length) {
    const wanted = buffer.subarray(0, Math.min(buffer.length, length - done));
    const count = succeed(loadSyscalls().read(fd, wanted, offset + done), 'read', 'layer');
    if (count === 0) break;
    recipe.storedBytes(wanted.subarray(0, count));
    done += count;
  }
}
