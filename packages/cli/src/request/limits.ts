/** Memory, processor and process limits. */
import type { ResourceRequest } from '@berth/engine';
import { UsageError } from '@berth/errors';
import { parseOptionalSize, parseSize } from './size.ts';

/** The flags as they were given. */
export interface LimitFlags {
  'cpu-period': number | undefined;
  'cpu-quota': number | undefined;
  'cpu-shares': number | undefined;
  cpus: number | undefined;
  'cpuset-cpus': string | undefined;
  memory: string | undefined;
  'memory-reservation': string | undefined;
  'memory-swap': string | undefined;
  'pids-limit': number | undefined;
}

const DEFAULT_PERIOD_US = 100_000;

/** Throws UsageError for what is no limit. */
export function parseLimits(flags: LimitFlags): ResourceRequest {
  const list = flags['cpuset-cpus'];
  if (list !== undefined && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) {
    throw new UsageError('BAD_CPUSET', `read --cpuset-cpus "${list}": not a list such as 0-3,6`);
  }
  const swap = flags['memory-swap'];
  return {
    memoryBytes: parseOptionalSize(flags.memory, 'memory'),
    memoryReservationBytes: parseOptionalSize(flags['memory-reservation'], 'memory-reservation'),
    memorySwapBytes:
      swap === undefined ? undefined : swap === '-1' ? -1 : parseSize(swap, 'memory-swap'),
    cpus: processors(flags),
    cpuShares: flags['cpu-shares'],
    cpusetCpus: list,
    pidsLimit: flags['pids-limit'],
  };
}

function processors(flags: LimitFlags): number | undefined {
  const { cpus, 'cpu-quota': quota, 'cpu-period': period } = flags;
  if (cpus !== undefined && (quota !== undefined || period !== undefined)) {
    throw new UsageError('CPUS_TWICE', 'read --cpus: it excludes --cpu-quota and --cpu-period');
  }
  if (cpus !== undefined && cpus < 0.01) {
    throw new UsageError('BAD_CPUS', `read --cpus "${cpus}": 0.01 is the least`);
  }
  return (
    cpus ?? (quota === undefined || quota <= 0 ? undefined : quota / (period ?? DEFAULT_PERIOD_US))
  );
}
