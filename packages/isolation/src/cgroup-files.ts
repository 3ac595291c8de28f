/** Limits as the files of cgroup v2 take them (Documentation/admin-guide/cgroup-v2.rst). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ScopeLimits } from './systemd-scope.ts';

/** A file of a cgroup and what is written to it; the file exists where `controller` is enabled. */
export interface LimitWrite {
  controller: string;
  file: string;
  value: string;
}

const CPU_PERIOD_US = 100_000;

/** All writes for these limits, in the order in which they have to be made. */
export function limitWrites(limits: ScopeLimits): LimitWrite[] {
  const writes: LimitWrite[] = [];
  const add = (file: string, value: string | undefined): void => {
    if (value !== undefined) {
      writes.push({ controller: file.split('.')[0] ?? file, file, value });
    }
  };
  add('memory.max', limitText(limits.memoryBytes));
  add('memory.low', limitText(limits.memoryReservationBytes));
  add('memory.swap.max', limitText(limits.swapBytes));
  add('pids.max', limitText(limits.pids));
  add('cpu.weight', limits.cpuWeight?.toString());
  add('cpu.max', processorTime(limits));
  add('cpuset.cpus', limits.processors?.join(','));
  add('cpuset.mems', limits.memoryNodes?.join(','));
  add('io.weight', limits.ioWeight === undefined ? undefined : `default ${limits.ioWeight}`);
  for (const { device, kind, value } of limits.ioDevices ?? []) {
    if (kind === 'weight') add('io.weight', `${device} ${value}`);
    else add('io.max', `${device} ${kind}=${value}`);
  }
  return writes;
}

/** The `QUOTA PERIOD` text of cpu.max. */
function processorTime({ cpus, cpuPeriodUs }: ScopeLimits): string | undefined {
  if (cpus === undefined) return cpuPeriodUs === undefined ? undefined : `max ${cpuPeriodUs}`;
  const period = cpuPeriodUs ?? CPU_PERIOD_US;
  return `${Math.round(cpus * period)} ${period}`;
}

function limitText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : Number.isFinite(value) ? String(value) : 'max';
}

/**
 * The writes for which the folder's children will have files. A kernel may lack swap accounting,
 * and may have only one of the two ways to weigh input and output.
 */
export function writesInFolder(
  folder: string,
  wanted: readonly LimitWrite[],
): { writes: { file: string; value: string }[]; missing: string[] } {
  const writes: { file: string; value: string }[] = [];
  const missing = new Set<string>();
  for (const { file, value } of wanted) {
    const ways = [{ file, value }];
    if (file === 'io.weight') ways.push({ file: 'io.bfq.weight', value: bfqWeight(value) });
    const known = ways.filter((way) => existsSync(join(folder, way.file)));
    if (known.length === 0) missing.add(file);
    writes.push(...known);
  }
  return { writes, missing: [...missing] };
}

/**
 * The weight for BFQ, whose weights end at 1000; the middle is 100 in both scales. BFQ's default
 * weight is written as a bare number, without the word `default`.
 */
function bfqWeight(value: string): string {
  const [device = '', weight = ''] = value.split(' ');
  const number = Number(weight);
  const scaled = number <= 100 ? number : 100 + Math.round(((number - 100) * 900) / 9900);
  return device === 'default' ? String(scaled) : `${device} ${scaled}`;
}
