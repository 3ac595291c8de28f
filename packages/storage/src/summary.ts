/**
 * The texts that both halves of the program read: a container's summary, and the facts and exit
 * record of a run. Lines `KEY VALUE`; docs/state.md lists the keys. Pure.
 */

/** A process. Its pid alone does not identify it, because pids are used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat. */
  readonly startTime: string;
}

/** What `create` writes; the supervisor keeps it without reading it. */
export interface SummaryHead {
  readonly createdAtMs: number;
  readonly image: string;
  readonly command: readonly string[];
  /** As `ps` prints it; empty for none. */
  readonly ports: string;
}

/** How a run ended. */
export interface RunExit {
  readonly run: number;
  readonly exitCode: number;
  /** SECONDS.NANOSECONDS since 1970. */
  readonly started: string | undefined;
  readonly finished: string | undefined;
  readonly oomKilled: boolean;
  /** The signal that ended it, when one did; only in the exit record. */
  readonly signal: number | undefined;
  /** Why it never ran, or that it ended by a fault of the supervisor; only in the exit record. */
  readonly error: string | undefined;
}

/** A summary as read. `image`, `command` and `ports` end in `…` when they were cut. */
export interface Summary {
  readonly createdAtMs: number;
  readonly image: string;
  readonly command: string;
  readonly ports: string;
  /** True when a value was cut, so that config.json has more. */
  readonly isCut: boolean;
  /** Number of the last run; 0 when never started. */
  readonly run: number;
  readonly host: string | undefined;
  readonly bootId: string | undefined;
  readonly pidNamespace: string | undefined;
  readonly supervisor: ProcessIdentity | undefined;
  readonly init: ProcessIdentity | undefined;
  readonly started: string | undefined;
  /** Set when the summary itself says that the run ended. */
  readonly ended: RunExit | undefined;
}

/** The facts of a run, as its supervisor recorded them. */
export interface RunFacts {
  readonly run: number;
  readonly machineId: string;
  readonly hostName: string;
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly supervisor: ProcessIdentity | undefined;
  readonly init: ProcessIdentity | undefined;
  readonly started: string | undefined;
  /** Where the supervisor has its socket. */
  readonly runDirectory: string | undefined;
}

const MAX_HEAD_BYTES = 128;
const MAX_COMMAND_BYTES = 32;
const MAX_PORTS_BYTES = 40;
const CUT = '…';
const CUT_BYTES = 3;

/** The head lines of a summary, at most 128 bytes; longer values are cut and marked. */
export function formatSummaryHead(head: SummaryHead): string {
  const created = `created ${head.createdAtMs}\n`;
  const command = `command ${cut(head.command.join(' '), MAX_COMMAND_BYTES)}\n`;
  const ports = head.ports === '' ? '' : `ports ${cut(head.ports, MAX_PORTS_BYTES)}\n`;
  const used = Buffer.byteLength(created + command + ports) + 'image \n'.length;
  return `${created}image ${cut(head.image, MAX_HEAD_BYTES - used)}\n${command}${ports}`;
}

/** At most `limitBytes` of `text`, one line, control characters as `?`. */
function cut(text: string, limitBytes: number): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?');
  const bytes = Buffer.from(line);
  if (bytes.length <= limitBytes) return line;
  let end = limitBytes - CUT_BYTES;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + CUT;
}

/** Reads a summary; unknown keys are ignored, missing ones are empty, a later line wins. */
export function parseSummary(text: string): Summary {
  const lines = parseLines(text);
  const image = lines.get('image') ?? '';
  const command = lines.get('command') ?? '';
  const ports = lines.get('ports') ?? '';
  return {
    createdAtMs: Number(lines.get('created') ?? 0),
    image,
    command,
    ports,
    isCut: image.endsWith(CUT) || command.endsWith(CUT) || ports.endsWith(CUT),
    run: Number(lines.get('run') ?? 0),
    host: lines.get('host'),
    bootId: lines.get('boot'),
    pidNamespace: lines.get('pidns'),
    supervisor: parseProcess(lines.get('supervisor')),
    init: parseProcess(lines.get('init')),
    started: lines.get('started'),
    ended: lines.get('state') === 'exited' ? exitOf(lines) : undefined,
  };
}

/** Reads runs/<n>/exit; undefined when it has no exit status. */
export function parseExit(text: string): RunExit | undefined {
  return exitOf(parseLines(text));
}

/** Reads runs/<n>/facts. */
export function parseFacts(text: string): RunFacts {
  const lines = parseLines(text);
  return {
    run: Number(lines.get('run') ?? 0),
    machineId: lines.get('machine-id') ?? '',
    hostName: lines.get('hostname') ?? '',
    bootId: lines.get('boot') ?? '',
    pidNamespace: lines.get('pidns') ?? '',
    supervisor: parseProcess(lines.get('supervisor')),
    init: parseProcess(lines.get('init')),
    started: lines.get('started'),
    runDirectory: lines.get('run-dir'),
  };
}

/** Milliseconds since 1970 of SECONDS.NANOSECONDS. */
export function momentToMs(moment: string): number {
  return Number(moment) * 1000;
}

/** One pass without intermediate arrays: `ps` does this once per container. */
function parseLines(text: string): Map<string, string> {
  const lines = new Map<string, string>();
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const space = text.indexOf(' ', start);
    if (space > start && space < end) {
      lines.set(text.slice(start, space), text.slice(space + 1, end));
    }
    start = end + 1;
  }
  return lines;
}

function exitOf(lines: ReadonlyMap<string, string>): RunExit | undefined {
  const exitCode = Number(lines.get('exit') ?? NaN);
  if (!Number.isInteger(exitCode)) return undefined;
  return {
    run: Number(lines.get('run') ?? 0),
    exitCode,
    started: lines.get('started'),
    finished: lines.get('finished'),
    oomKilled: lines.get('oom') === '1',
    signal: lines.has('signal') ? Number(lines.get('signal')) : undefined,
    error: lines.get('error'),
  };
}

function parseProcess(value: string | undefined): ProcessIdentity | undefined {
  if (value === undefined) return undefined;
  const found = /^(\d+) (\d+)$/.exec(value);
  if (found === null) return undefined;
  return { pid: Number(found[1]), startTime: found[2] ?? '' };
}
