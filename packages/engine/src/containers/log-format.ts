/**
 * Reads the lines of container logs: Podman's k8s-file format (`TIME STREAM P|F TEXT`) and
 * Docker's json-file format. Text stays bytes: what a container writes need not be UTF-8.
 */

/** One line, or a part of one when `partial`. */
export interface LogLine {
  stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds, exactly as written. */
  time: string;
  text: Uint8Array;
  partial: boolean;
}

/** The log formats that are kept in files. */
export type LogFormat = 'k8s-file' | 'json-file';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const PARTIAL = 'P'.charCodeAt(0);

/** The parsed lines of `chunk`, and the rest of it that is no complete line yet. */
export function parseLog(
  chunk: Buffer,
  format: LogFormat,
): { lines: LogLine[]; rest: Buffer } {
  const parse = format === 'k8s-file' ? parseK8sLine : parseJsonLine;
  const lines: LogLine[] = [];
  let start = 0;
  for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
    const line = parse(chunk.subarray(start, end));
    if (line !== undefined) {
      lines.push(line);
    }
    start = end + 1;
  }
  return { lines, rest: chunk.subarray(start) };
}

/** Undefined for a line that a crash left damaged; the reader skips it. */
function parseK8sLine(line: Buffer): LogLine | undefined {
  const afterTime = line.indexOf(SPACE);
  const afterStream = line.indexOf(SPACE, afterTime + 1);
  if (afterTime < 1 || afterStream < 0 || line[afterStream + 2] !== SPACE) {
    return undefined;
  }
  const isError = line[afterTime + 4] === 'e'.charCodeAt(0);
  return {
    stream: isError ? 'stderr' : 'stdout',
    time: line.toString('latin1', 0, afterTime),
    text: line.subarray(afterStream + 3),
    partial: line[afterStream + 1] === PARTIAL,
  };
}

function parseJsonLine(line: Buffer): LogLine | undefined {
  try {
    const { log, stream, time } = JSON.parse(line.toString('utf8')) as Record<string, unknown>;
    if (typeof log !== 'string' || typeof time !== 'string') {
      return undefined;
    }
    const partial = !log.endsWith('\n');
    const text = Buffer.from(partial ? log : log.slice(0, -1), 'utf8');
    return { stream: stream === 'stderr' ? 'stderr' : 'stdout', time, text, partial };
  } catch {
    return undefined;
  }
}
