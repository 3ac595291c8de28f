/** What `import` and `volume import` read: a file, standard input, or an address of the web. */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { UsageError } from '@berth/errors';
import { systemErrorFrom } from '@berth/host';
import {
  fetchFile, isForeignCompression, isWebAddress, undoForeignCompression,
} from '@berth/transport';
import type { LayerContent } from './layer-worker.ts';

/** An open archive. */
export interface ImportInput {
  /** For messages and the image's history. */
  readonly name: string;
  readonly content: LayerContent;
  /** Closes what was opened. */
  close(): void;
}

const HEAD_BYTES = 6;

/**
 * The archive that `source` names: a path, `-`, or an http or https address. `reader` is the
 * command that reads one from standard input. Throws UsageError for a folder, SystemError for what
 * can't be opened, TransportError for what can't be fetched.
 */
export async function openImportInput(source: string, reader: string): Promise<ImportInput> {
  if (isWebAddress(source)) {
    const { name, body, close } = await fetchFile(source);
    return { name, content: streamed(body, name), close };
  }
  if (source === '-' || source === '/dev/stdin') {
    const stream = createReadStream('', { fd: 0, autoClose: false, highWaterMark: 1 << 18 });
    return { name: 'standard input', content: streamed(stream, source), close: () => undefined };
  }
  const fd = openFile(source, reader);
  return { name: source, content: fileContent(fd, source), close: () => closeSync(fd) };
}

function openFile(path: string, reader: string): number {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw systemErrorFrom(error, 'open', path);
  }
  if (!fstatSync(fd).isDirectory()) return fd;
  closeSync(fd);
  throw new UsageError('NOT_AN_ARCHIVE', `import "${path}": a folder, not an archive`, {
    hint: `tar -C ${path} -c . | ${reader}`,
  });
}

/** The worker itself reads plain, gzip and zstd files; this process reads all other files. */
function fileContent(fd: number, path: string): LayerContent {
  const status = fstatSync(fd);
  const head = Buffer.alloc(HEAD_BYTES);
  const isReadByWorker = status.isFile() &&
    !isForeignCompression(head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0)));
  if (isReadByWorker) return { fd, offset: 0, sizeBytes: status.size };
  const start = status.isFile() ? { start: 0 } : {};
  return streamed(createReadStream('', { fd, autoClose: false, ...start }), path);
}

function streamed(stream: Readable, name: string): LayerContent {
  return { chunks: undoForeignCompression(stream, name), sizeBytes: undefined };
}
