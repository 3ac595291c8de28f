/**
 * `logs`: shows the kept output of a container, from its end or its beginning, once or as it
 * grows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { UnsupportedError } from '@berth/errors';
import type { Engine } from '../engine.ts';
import {
  closeLog, findTail, isCurrent, openLogs, openNewer, readBatch, type LogPosition,
} from './log-file.ts';
import { requireOwnOutput } from './handed-output.ts';
import type { LogFormat, LogLine } from './log-format.ts';
import { logHere } from './moved-store.ts';
import type { BerthContainer } from './record.ts';
import { stateIfThere, warnOfSilence } from './wait.ts';

export type { LogLine } from './log-format.ts';

/** The part of a log that is wanted. */
export interface LogOptions {
  follow: boolean;
  /** Only the last lines; undefined is all. */
  tail: number | undefined;
  since: Date | undefined;
  until: Date | undefined;
}

const FOLLOW_PAUSE_MS = 50;

/** Batches of lines in order. Throws UnsupportedError for containers whose log is not kept. */
export async function* readLogs(
  engine: Engine,
  name: string,
  options: LogOptions,
): AsyncGenerator<LogLine[]> {
  const id = engine.store.containers.resolve(name);
  const record = engine.store.containers.record<BerthContainer>(id);
  const { driver, path } = logHere(engine, record);
  requireOwnOutput(engine, { id, name, verb: 'read the log of' });
  if (driver === 'none' || driver === 'passthrough') {
    throw new UnsupportedError(
      'NO_LOG',
      `read the log of container "${name}": its log driver is "${driver}"`,
      {
        hint: 'run it with --log-driver k8s-file',
      },
    );
  }
  const inTime = timeFilter(options);
  if (options.follow) warnOfSilence(engine, id);
  const files = await openLogs(path);
  try {
    for (const lines of written(files, options.tail, driver)) yield inTime(lines);
    if (options.follow) {
      const log = { id, path, format: driver, files, until: options.until };
      for await (const lines of growing(engine, log)) yield inTime(lines);
    }
  } finally {
    files.forEach(closeLog);
  }
  warnOfLoss(engine, id);
}

/** Warns when the log of the last run is incomplete; its supervisor has recorded the reason. */
function warnOfLoss({ store, report }: Engine, id: string): void {
  if (!store.containers.exists(id)) return;
  const message = store.containers.exit(id, store.containers.state(id).run)?.error ?? '';
  if (message.startsWith('write log ')) report({ kind: 'warning', message });
}

type InTime = (lines: LogLine[]) => LogLine[];

function timeFilter({ since, until }: LogOptions): InTime {
  if (since === undefined && until === undefined) {
    return (lines) => lines;
  }
  const from = since?.getTime() ?? -Infinity;
  const to = until?.getTime() ?? Infinity;
  return (lines) =>
    lines.filter(({ time }) => {
      const at = Date.parse(time);
      return at >= from && at <= to;
    });
}

/** All lines that exist now. Lines written meanwhile are left out, since they may never end. */
function* written(
  files: readonly LogPosition[],
  tail: number | undefined,
  format: LogFormat,
): Generator<LogLine[]> {
  const start = tail === undefined ? { file: 0, offset: 0 } : findTail(files, tail, format);
  for (const [index, file] of files.entries()) {
    if (index < start.file) continue;
    if (index === start.file) file.offset = start.offset;
    yield* batches(file, format);
  }
}

function* batches(file: LogPosition, format: LogFormat): Generator<LogLine[]> {
  for (let lines = readBatch(file, format); lines.length > 0; lines = readBatch(file, format)) {
    yield lines;
  }
}

interface GrowingLog {
  id: string;
  path: string;
  format: LogFormat;
  /** The last one is followed; those that come after it take its place. */
  files: LogPosition[];
  until: Date | undefined;
}

/** The lines still to come, until the container has ended, or the time is over. */
async function* growing(engine: Engine, log: GrowingLog): AsyncGenerator<LogLine[]> {
  const last = log.files.at(-1);
  if (last !== undefined) last.end = Infinity;
  for (;;) {
    const state = stateIfThere(engine, log.id)?.state;
    const isOver = log.until !== undefined && log.until.getTime() < Date.now();
    yield* newLines(log);
    if (isOver || state === undefined || ['created', 'exited', 'unknown'].includes(state)) return;
    await sleep(FOLLOW_PAUSE_MS);
  }
}

/** What was written to the followed file, and to those by which it was replaced since. */
async function* newLines({ path, format, files }: GrowingLog): AsyncGenerator<LogLine[]> {
  for (;;) {
    const file = files.at(-1);
    const wasCurrent = file !== undefined && isCurrent(file, path);
    if (file !== undefined) yield* batches(file, format);
    if (wasCurrent) return;
    const newer = await openNewer(file, path);
    if (newer === undefined) return;
    if (file !== undefined) closeLog(file);
    files.splice(-1, 1, newer);
  }
}
