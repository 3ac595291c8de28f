/**
 * Reads a container's log from its files on disk: the current one and those rotated away, oldest
 * first. A tail is found from the end, so that its cost does not grow with the log.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPlanted } from '@berth/host';
import { parseLog, type LogFormat, type LogLine } from './log-format.ts';

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** An open file of a log, and a reader's place in it. */
export interface LogPosition {
  descriptor: number;
  /** Which file it is, under whatever name it has by now. */
  inode: number;
  offset: number;
  /** The offset where reading ends, even if the file grows; Infinity reads to the file's end. */
  end: number;
  rest: Buffer;
}

/** For a second at most: names that someone else has made must not hold a reader up for ever. */
const MOST_LOOKS = 500;
const LOOK_AGAIN_MS = 2;

/**
 * The log's files, oldest first (`log.2`, `log.1`, `log`), each to the end that it has now. The
 * caller closes them. A rotation meanwhile gives them other names, so then it looks again.
 */
export async function openLogs(path: string): Promise<LogPosition[]> {
  for (let looks = 1; ; looks++) {
    const files = openAll(path);
    if (looks === MOST_LOOKS || areAll(files, path)) return files;
    files.forEach(closeLog);
    await sleep(LOOK_AGAIN_MS);
  }
}

function openAll(path: string): LogPosition[] {
  const files: LogPosition[] = [];
  for (let index = 0; ; index++) {
    const file = openLog(nameOf(path, index));
    if (file !== undefined) files.unshift(file);
    else if (index > 0) return files;
  }
}

/**
 * Whether each still has the name under which it was found, and none has a later one. A rotation
 * renames the oldest file first, so while it is under way one number is free.
 */
function areAll(files: readonly LogPosition[], path: string): boolean {
  const last = files.length - 1;
  return files.every(({ inode }, at) => inodeOf(nameOf(path, last - at)) === inode)
    && [1, 2].every((beyond) => inodeOf(nameOf(path, last + beyond)) === undefined);
}

function nameOf(path: string, index: number): string {
  return index === 0 ? path : `${path}.${index}`;
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/**
 * Undefined when there is no such file, or it is another user's in a folder that is open to him:
 * then it is not the log's.
 */
function openLog(path: string): LogPosition | undefined {
  let descriptor;
  try {
    if (isPlanted(path)) return undefined;
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
  const status = fstatSync(descriptor);
  if (!status.isFile()) {
    closeSync(descriptor);
    return undefined;
  }
  return { descriptor, inode: status.ino, offset: 0, end: status.size, rest: Buffer.alloc(0) };
}

/** Whether the file is still the one that is written to. */
export function isCurrent(file: LogPosition, path: string): boolean {
  return inodeOf(path) === file.inode;
}

/**
 * The file that came after this one, to follow its end; if this one was removed by now, the oldest
 * that is left. Undefined where there is none. The caller closes it.
 */
export async function openNewer(
  file: LogPosition | undefined, path: string,
): Promise<LogPosition | undefined> {
  const files = await openLogs(path);
  const newer = files[files.findIndex(({ inode }) => inode === file?.inode) + 1];
  files.filter((other) => other !== newer).forEach(closeLog);
  return newer && { ...newer, end: Infinity };
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

/**
 * Where the last `count` lines begin: the index of the file in `files`, and the offset in it. A
 * long line is written as several partial lines; they count as one line.
 */
export function findTail(
  files: readonly LogPosition[],
  count: number,
  format: LogFormat,
): { file: number; offset: number } {
  let wanted = count;
  for (const [file, { descriptor, end }] of [...files.entries()].reverse()) {
    const found = scanBackwards(descriptor, end, { count: wanted, format });
    if (found.offset >= 0) {
      return { file, offset: found.offset };
    }
    wanted -= found.lines;
  }
  return { file: 0, offset: 0 };
}

/** Offset of the `count`-th last whole line, or -1 and how many lines the file has. */
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
