/**
 * The caller's resource limits, as /proc shows them.
 */
import { readFileSync } from 'node:fs';

/** One limit; `Infinity` is "unlimited". */
export interface ResourceLimit {
  readonly soft: number;
  readonly hard: number;
}

const NAMES: Readonly<Record<string, string>> = {
  'Max cpu time': 'cpu',
  'Max file size': 'fsize',
  'Max data size': 'data',
  'Max stack size': 'stack',
  'Max core file size': 'core',
  'Max resident set': 'rss',
  'Max processes': 'nproc',
  'Max open files': 'nofile',
  'Max locked memory': 'memlock',
  'Max address space': 'as',
  'Max file locks': 'locks',
  'Max pending signals': 'sigpending',
  'Max msgqueue size': 'msgqueue',
  'Max nice priority': 'nice',
  'Max realtime priority': 'rtprio',
  'Max realtime timeout': 'rttime',
};

/**
 * The limits of this process by their ulimit names (`nofile`, `nproc` …). Node and Bun raise the
 * soft limit of open files to the hard one at start, so that one is not the caller's.
 */
export function readResourceLimits(): Map<string, ResourceLimit> {
  return parseLimits(readFileSync('/proc/self/limits', 'utf8'));
}

/** Reads the text of /proc/PID/limits. */
export function parseLimits(text: string): Map<string, ResourceLimit> {
  const limits = new Map<string, ResourceLimit>();
  for (const line of text.split('\n')) {
    const match = /^(Max .*?)\s{2,}(\S+)\s+(\S+)/.exec(line);
    const name = NAMES[match?.[1] ?? ''];
    if (match === null || name === undefined) continue;
    limits.set(name, { soft: limitOf(match[2]), hard: limitOf(match[3]) });
  }
  return limits;
}

function limitOf(text: string | undefined): number {
  return text === 'unlimited' ? Infinity : Number(text);
}
