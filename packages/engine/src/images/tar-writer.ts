/**
 * Writes the few tar entries that the embedded images consist of, in the ustar format of
 * POSIX.1-1988. Layers of containers are never written here.
 */
import { UsageError } from '@berth/errors';

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;

/** One member of an archive. */
export interface TarEntry {
  path: string;
  type: 'file' | 'directory' | 'symlink';
  mode: number;
  content?: Buffer;
  linkTarget?: string;
}

const TYPE_FLAGS = { file: '0', directory: '5', symlink: '2' } as const;

/**
 * The archive. All entries belong to root and have the time 0 of the epoch, so that equal content
 * gives an equal image.
 */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = entry.content ?? Buffer.alloc(0);
    const padding = (BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES;
    return [header(entry, content.length), content, Buffer.alloc(padding)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function header(entry: TarEntry, sizeBytes: number): Buffer {
  if (Buffer.byteLength(entry.path) >= NAME_BYTES) {
    throw new UsageError('TAR_NAME', `write tar entry "${entry.path}": its name is too long`);
  }
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, width: number): void => {
    block.write(value.toString(8).padStart(width - 1, '0'), at, 'ascii');
  };
  block.write(entry.path, 0, 'utf8');
  octal(entry.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(sizeBytes, 124, 12);
  octal(0, 136, 12);
  block.write(TYPE_FLAGS[entry.type], 156, 'ascii');
  block.write(entry.linkTarget ?? '', 157, 'utf8');
  block.write('ustar\u000000', 257, 'ascii');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}
