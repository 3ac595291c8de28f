/** The cgroup of one run: what the spec limits, in the units of cgroup v2. */
import { readdirSync } from 'node:fs';
import {
  cgroupSettings,
  type CgroupSettings,
  type IoDeviceLimit,
  type ScopeLimits,
} from '@berth/isolation';
import type { BlockIoSpec, ResourcesSpec, RuntimeSpec } from '@berth/oci';
import type { Engine } from '../engine.ts';
import { sayWhatEndsAtLogout } from './notices.ts';
import type { BerthContainer } from './record.ts';
import { cgroupModeOf } from './service-unit.ts';

/** How this run is limited. Reports what the user asked for and does not get. */
export function cgroupOf(
  engine: Engine,
  { record, spec, background }: { record: BerthContainer; spec: RuntimeSpec; background: boolean },
): CgroupSettings {
  const { resources: asked } = record.request;
  const { cgroupParent: parent } = record.request;
  const explicit =
    parent !== undefined || Object.values(asked).some((value) => value !== undefined);
  const settings = cgroupSettings({
    id: record.id,
    runNumber: nextRun(engine, record.id),
    limits: limitsOf(spec.linux.resources ?? {}),
    explicit,
    runtimeDirectory: engine.runtimeDirectory,
    uid: engine.account.uid,
    forRoot: engine.forRoot,
    mode: cgroupModeOf(record.request, background),
    parent,
  });
  if (settings.reason !== undefined) {
    engine.report({ kind: 'warning', message: `resources are not limited: ${settings.reason}` });
  }
  if (settings.kind === 'scope' && background) sayWhatEndsAtLogout(engine);
  return settings;
}

function nextRun(engine: Engine, id: string): number {
  try {
    return readdirSync(engine.store.containers.paths(id).runs).length + 1;
  } catch {
    return 1;
  }
}

const UNLIMITED = -1;
const CPU_PERIOD_US = 100_000;
/** The default of cpu.shares is 1024; the default of cpu.weight is 100. */
const DEFAULT_SHARES = 1024;
const DEFAULT_WEIGHT = 100;

function limitsOf({ memory, cpu, pids, blockIO = {} }: ResourcesSpec): ScopeLimits {
  const number = (value: number | undefined): number | undefined =>
    value === UNLIMITED ? Infinity : value;
  const swap = memory?.swap;
  return {
    memoryBytes: number(memory?.limit),
    memoryReservationBytes: number(memory?.reservation),
    swapBytes:
      swap === undefined ? undefined : swap === UNLIMITED ? Infinity : swap - (memory?.limit ?? 0),
    cpus: cpu?.quota === undefined ? undefined : cpu.quota / (cpu.period ?? CPU_PERIOD_US),
    cpuPeriodUs: cpu?.period,
    cpuWeight: cpu?.shares === undefined ? undefined : weightOf(cpu.shares),
    processors: cpu?.cpus === undefined ? undefined : numberList(cpu.cpus),
    memoryNodes: cpu?.mems === undefined ? undefined : numberList(cpu.mems),
    pids: number(pids?.limit),
    ioWeight: blockIO.weight === undefined ? undefined : ioWeightOf(blockIO.weight),
    ioDevices: ioDevices(blockIO),
  };
}

function weightOf(shares: number): number {
  return Math.max(1, Math.min(10_000, Math.round((shares * DEFAULT_WEIGHT) / DEFAULT_SHARES)));
}

/** blkio.weight ranges from 10 to 1000, io.weight from 1 to 10000. */
function ioWeightOf(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

function ioDevices(spec: BlockIoSpec): IoDeviceLimit[] {
  const limits = {
    weight: spec.weightDevice?.map((one) => ({ ...one, rate: ioWeightOf(one.weight) })),
    rbps: spec.throttleReadBpsDevice,
    wbps: spec.throttleWriteBpsDevice,
    riops: spec.throttleReadIOPSDevice,
    wiops: spec.throttleWriteIOPSDevice,
  };
  return Object.entries(limits).flatMap(([kind, devices = []]) =>
    devices.map(({ major, minor, rate }) => ({
      device: `${major}:${minor}`, kind: kind as IoDeviceLimit['kind'], value: rate,
    })));
}

/** `0-2,5` → 0, 1, 2, 5 */
function numberList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
