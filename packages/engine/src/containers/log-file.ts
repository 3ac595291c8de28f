/**
 * Reads a container's log from its files on disk: the current one and those rotated away, oldest
 * first. A tail is found from the end, so that its cost does not grow with the log.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { isPlanted } from '@berth/host';
import { parseLog, type LogFormat, type LogLine } from './log-format.ts';

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** A file of a log, and its size when it was found. */
export interface LogFile {
  path: string;
  size: number;
}

/**
 * The log's files that exist, oldest first: `log.2`, `log.1`, `log`. One of another user, in a
 * folder that is open to him, is not the log's.
 */
export function logFiles(path: string): LogFile[] {
  const files: LogFile[] = [];
  for (let index = 0; ; index++) {
    const name = index === 0 ? path : `${path}.${index}`;
    const status = statSync(name, { throwIfNoEntry: false });
    const isLog = status?.isFile() === true && !isPlanted(name);
    if (!isLog && index > 0) return files;
    files.unshift({ path: name, size: isLog ? status.size : 0 });
  }
}

/** The position of a reader in a file; the inode shows whether the file was rotated. */
export interface LogPosition {
  descriptor: number;
  offset: number;
  /** The offset where reading ends, even if the file grows; Infinity reads to the file's end. */
  end: number;
  rest: Buffer;
}

/**
 * Opens a log file for reading from `offset` to `end`; Infinity follows the end of a growing file.
 * The caller closes it. Undefined when there is no such file.
 */
export function openLog(path: string, offset: number, end = Infinity): LogPosition | undefined {
  try {
    if (isPlanted(path)) return undefined;
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { descriptor, offset, end, rest: Buffer.alloc(0) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** Closes the file. */
export function closeLog(position: LogPosition): void {
  closeSync(position.descriptor);
}

/** The next whole lines; empty at the end of what has been written. */
export function readBatch(position: LogPosition, format: LogFormat): LogLine[] {
  for (;;) {
    const wanted = Math.min(CHUNK_BYTES, position.end - position.offset);
    if (wanted <= 0) {
      return [];
    }
    const buffer = Buffer.allocUnsafe(position.rest.length + wanted);
    position.rest.copy(buffer);
    const count = readSync(
      position.descriptor,
      buffer,
      position.rest.length,
      wanted,
      position.offset,
    );
    if (count === 0) {
      return [];
    }
    position.offset += count;
    const { lines, rest } = parseLog(buffer.subarray(0, position.rest.length + count), format);
    position.rest = Buffer.from(rest);
    if (lines.length > 0) {
      return lines;
    }
  }
}

/** Whether the file under `path` is still the one that is open. */
export function isCurrent(position: LogPosition, path: string): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.ino === fstatSync(position.descriptor).ino;
}

/**
 * Where the last `count` lines begin: the index of the file in `files`, and the offset in it. A
 * long line is written as several partial lines; they count as one line.
 */
export function findTail(
  files: readonly LogFile[],
  count: number,
  format: LogFormat,
): { file: number; offset: number } {
  let wanted = count;
  for (let file = files.length - 1; file >= 0; file--) {
    const found = tailOfFile(files[file], wanted, format);
    if (found.offset >= 0) {
      return { file, offset: found.offset };
    }
    wanted -= found.lines;
  }
  return { file: 0, offset: 0 };
}

/** Offset of the `count`-th last whole line, or -1 and how many lines the file has. */
function tailOfFile(
  file: LogFile | undefined,
  count: number,
  format: LogFormat,
): { offset: number; lines: number } {
  const position = file && openLog(file.path, 0);
  if (position === undefined) {
    return { offset: -1, lines: 0 };
  }
  try {
    return scanBackwards(position.descriptor, file?.size ?? 0, { count, format });
  } finally {
    closeLog(position);
  }
}

function scanBackwards(
  descriptor: number,
  size: number,
  wanted: { count: number; format: LogFormat },
): { offset: number; lines: number } {
  if (wanted.count === 0) {
    return { offset: size, lines: 0 };
  }
  let end = size;
  let tail = Buffer.alloc(0);
  let lines = 0;
  while (end > 0) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const chunk = Buffer.alloc(end - start);
    readSync(descriptor, chunk, 0, chunk.length, start);
    tail = Buffer.concat([chunk, tail]);
    const breaks = lineStarts(tail, start === 0);
    const whole = parseLog(tail.subarray(breaks[0] ?? tail.length), wanted.format).lines;
    lines = whole.filter((line) => !line.partial).length;
    if (lines > wanted.count || start === 0) {
      return lines < wanted.count
        ? { offset: -1, lines }
        : { offset: start + offsetOf(whole, breaks, wanted.count), lines };
    }
    end = start;
  }
  return { offset: -1, lines };
}

/** Starts of the lines in a buffer; its first bytes start one only at the start of the file. */
function lineStarts(buffer: Buffer, atFileStart: boolean): number[] {
  const starts = atFileStart ? [0] : [];
  for (
    let at = buffer.indexOf(NEWLINE);
    at >= 0 && at + 1 < buffer.length;
    at = buffer.indexOf(NEWLINE, at + 1)
  ) {
    starts.push(at + 1);
  }
  return starts;
}

/** The start of the `count`-th last complete line, with the partial lines that lead up to it. */
function offsetOf(lines: readonly LogLine[], starts: readonly number[], count: number): number {
  let left = count;
  let index = lines.length - 1;
  while (index >= 0) {
    left -= lines[index]?.partial === true ? 0 : 1;
    if (left < 0) {
      return starts[index + 1] ?? 0;
    }
    index--;
  }
  return starts[0] ?? 0;
}
