/**
 * `logs`: shows the kept output of a container, from its end or its beginning, once or as it
 * grows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { UnsupportedError } from '@berth/errors';
import type { Engine } from '../engine.ts';
import {
  closeLog,
  findTail,
  isCurrent,
  logFiles,
  openLog,
  readBatch,
  type LogPosition,
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
  yield* written(path, driver, { options, inTime });
  if (options.follow) {
    yield* growing(engine, { id, path, format: driver, inTime });
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

let followed: LogPosition | undefined;

/**
 * All lines that exist now. Lines written meanwhile are left out, since they may never end. The
 * last file stays open, so that it can be followed.
 */
async function* written(
  path: string,
  format: LogFormat,
  { options, inTime }: { options: LogOptions; inTime: InTime },
): AsyncGenerator<LogLine[]> {
  const files = logFiles(path);
  const start =
    options.tail === undefined ? { file: 0, offset: 0 } : findTail(files, options.tail, format);
  for (const [index, file] of files.entries()) {
    if (index < start.file) continue;
    const position = openLog(file.path, index === start.file ? start.offset : 0, file.size);
    if (position === undefined) {
      continue;
    }
    for (
      let lines = readBatch(position, format);
      lines.length > 0;
      lines = readBatch(position, format)
    ) {
      yield inTime(lines);
    }
    if (index === files.length - 1 && options.follow) {
      followed = { ...position, end: Infinity };
    } else {
      closeLog(position);
    }
  }
}

interface Following {
  id: string;
  path: string;
  format: LogFormat;
  inTime: InTime;
}

/**
 * The lines still to come, until the container has ended. After a rotation it reads the new file.
 */
async function* growing(
  engine: Engine,
  { id, path, format, inTime }: Following,
): AsyncGenerator<LogLine[]> {
  for (;;) {
    const state = stateIfThere(engine, id)?.state;
    followed ??= openLog(path, 0);
    for (let lines = followed === undefined ? [] : readBatch(followed, format); lines.length > 0;) {
      yield inTime(lines);
      lines = followed === undefined ? [] : readBatch(followed, format);
    }
    if (followed !== undefined && !isCurrent(followed, path)) {
      closeLog(followed);
      followed = undefined;
      continue;
    }
    if (state === undefined || ['created', 'exited', 'unknown'].includes(state)) return;
    await sleep(FOLLOW_PAUSE_MS);
  }
}
