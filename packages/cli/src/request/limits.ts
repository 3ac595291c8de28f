/** Memory, processor and process limits. */
import type { ResourceRequest } from '@berth/engine';
import { UnsupportedError, UsageError } from '@berth/errors';
import { parseBlockLimits, parseBlockWeight, type BlockFlags } from './block-limits.ts';
import { parseOptionalSize, parseSize } from './size.ts';

/** The flags as they were given. */
export interface LimitFlags extends BlockFlags {
  'cpu-period': number | undefined;
  'cpu-quota': number | undefined;
  'cpu-shares': number | undefined;
  cpus: number | undefined;
  'cpuset-cpus': string | undefined;
  'cpuset-mems': string | undefined;
  memory: string | undefined;
  'memory-reservation': string | undefined;
  'memory-swap': string | undefined;
  'memory-swappiness': number | undefined;
  'pids-limit': number | undefined;
}

/** The limits that the flags ask for. Throws UsageError for invalid ones. */
export function parseLimits(flags: LimitFlags): ResourceRequest {
  refuseSwappiness(flags['memory-swappiness']);
  const swap = flags['memory-swap'];
  return {
    memoryBytes: parseOptionalSize(flags.memory, 'memory'),
    memoryReservationBytes: parseOptionalSize(flags['memory-reservation'], 'memory-reservation'),
    memorySwapBytes:
      swap === undefined ? undefined : swap === '-1' ? -1 : parseSize(swap, 'memory-swap'),
    ...processorTime(flags),
    cpuShares: flags['cpu-shares'],
    cpusetCpus: numberList('cpuset-cpus', flags['cpuset-cpus']),
    cpusetMems: numberList('cpuset-mems', flags['cpuset-mems']),
    pidsLimit: flags['pids-limit'],
    blockWeight: parseBlockWeight(flags['blkio-weight']),
    blockLimits: parseBlockLimits(flags),
  };
}

/** -1 means the default in Docker and Podman. */
function refuseSwappiness(value: number | undefined): void {
  if (value === undefined || value === -1) return;
  throw new UnsupportedError(
    'NO_SWAPPINESS',
    `set --memory-swappiness "${value}": only cgroup v1 has such a setting`,
    { hint: 'leave the flag out; --memory-swap limits swap' },
  );
}

function numberList(flag: string, list: string | undefined): string | undefined {
  if (list === undefined || list === '') return undefined;
  const isList = /^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*$/.test(list);
  const isEmpty = (part: string): boolean => {
    const [first, last = first] = part.split('-').map(Number);
    return first === undefined || last === undefined || last < first;
  };
  if (!isList || list.split(',').some(isEmpty)) {
    throw new UsageError('BAD_CPUSET', `read --${flag} "${list}": not a list such as 0-3,6`);
  }
  return list;
}

/**
 * The kernel accepts periods from one thousandth of a second to one second (cgroup-v2.rst,
 * cpu.max).
 */
const PERIOD_US = { least: 1000, most: 1_000_000 };
const LEAST_QUOTA_US = 1000;

function processorTime(
  flags: LimitFlags,
): Pick<ResourceRequest, 'cpus' | 'cpuPeriodUs' | 'cpuQuotaUs'> {
  // Zero means the default for all three.
  const [cpus, quota, period] = [flags.cpus, flags['cpu-quota'], flags['cpu-period']].map(
    (value) => (value === 0 ? undefined : value));
  if (cpus !== undefined && (quota !== undefined || period !== undefined)) {
    throw new UsageError('CPUS_TWICE', 'read --cpus: it excludes --cpu-quota and --cpu-period');
  }
  if (cpus !== undefined && cpus < 0.01) {
    throw new UsageError('BAD_CPUS', `read --cpus "${cpus}": 0.01 is the least`);
  }
  if (period !== undefined && (period < PERIOD_US.least || period > PERIOD_US.most)) {
    throw new UsageError('BAD_PERIOD', `read --cpu-period "${period}": not between ${
      PERIOD_US.least} and ${PERIOD_US.most}`);
  }
  if (quota !== undefined && quota > 0 && quota < LEAST_QUOTA_US) {
    throw new UsageError('BAD_QUOTA', `read --cpu-quota "${quota}": ${
      LEAST_QUOTA_US} is the least`);
  }
  return { cpus, cpuPeriodUs: period, cpuQuotaUs: quota };
}
