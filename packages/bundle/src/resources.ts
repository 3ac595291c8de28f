/** Resource limits of a container, as the runtime spec writes them. */
import { UsageError } from '@berth/errors';
import type { BlockIoSpec, ResourcesSpec } from '@berth/oci';
import type { HostFacts } from './host-facts.ts';
import type { ResourceRequest } from './request.ts';

const CPU_PERIOD_US = 100_000;
const DEFAULT_PIDS = 2048;
const LEAST_MEMORY_BYTES = 6 * 1024 * 1024;

/**
 * The limits. The number of processes is limited even when nothing was asked for. Throws
 * UsageError.
 */
export function resources(
  request: ResourceRequest,
  devices: HostFacts['blockDevices'],
): ResourcesSpec {
  const memory = memoryLimits(request);
  const cpu = processorLimits(request);
  const blockIO = blockLimits(request, devices);
  return {
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    pids: { limit: pidsLimit(request.pidsLimit) },
    ...(Object.keys(blockIO).length === 0 ? {} : { blockIO }),
  };
}

function processorLimits(request: ResourceRequest): NonNullable<ResourcesSpec['cpu']> {
  const { cpus, cpuPeriodUs, cpuQuotaUs, cpuShares, cpusetCpus, cpusetMems } = request;
  const quota = cpus === undefined ? cpuQuotaUs : Math.round(cpus * CPU_PERIOD_US);
  const period = cpus === undefined ? cpuPeriodUs : CPU_PERIOD_US;
  return {
    ...(quota === undefined || quota <= 0 ? {} : { quota }),
    ...(period === undefined ? {} : { period }),
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
    ...(cpusetCpus === undefined ? {} : { cpus: cpusetCpus }),
    ...(cpusetMems === undefined ? {} : { mems: cpusetMems }),
  };
}

const THROTTLES = {
  readBps: 'throttleReadBpsDevice',
  writeBps: 'throttleWriteBpsDevice',
  readIops: 'throttleReadIOPSDevice',
  writeIops: 'throttleWriteIOPSDevice',
} as const;

function blockLimits(
  { blockWeight, blockLimits: limits = [] }: ResourceRequest,
  devices: HostFacts['blockDevices'],
): BlockIoSpec {
  const spec: BlockIoSpec = blockWeight === undefined ? {} : { weight: blockWeight };
  for (const { device, kind, value } of limits) {
    const numbers = devices.get(device);
    if (numbers === undefined) continue;
    if (kind === 'weight') (spec.weightDevice ??= []).push({ ...numbers, weight: value });
    else (spec[THROTTLES[kind]] ??= []).push({ ...numbers, rate: value });
  }
  return spec;
}

/**
 * When only memory is limited, memory and swap together are limited to twice as much, as in Podman.
 */
function memoryLimits(request: ResourceRequest): NonNullable<ResourcesSpec['memory']> {
  const { memoryReservationBytes: reservation } = request;
  const limit = request.memoryBytes === 0 ? undefined : request.memoryBytes;
  const asked = request.memorySwapBytes === 0 ? undefined : request.memorySwapBytes;
  if (limit !== undefined && limit < LEAST_MEMORY_BYTES) {
    throw new UsageError(
      'MEMORY_TOO_LOW',
      `limit memory to ${limit} bytes: ${LEAST_MEMORY_BYTES} is the least that works`,
    );
  }
  if (asked !== undefined && asked >= 0 && asked < (limit ?? Infinity)) {
    throw new UsageError('SWAP_TOO_LOW', `limit memory and swap to ${asked} bytes: ${
      limit === undefined ? 'memory has no limit' : `less than the memory limit, ${limit}`
    }`, { hint: 'give --memory too, not above --memory-swap' });
  }
  const swap = asked ?? (limit === undefined ? undefined : 2 * limit);
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(swap === undefined ? {} : { swap }),
    ...(reservation === undefined ? {} : { reservation }),
  };
}

/** 0 and -1 mean no limit. */
function pidsLimit(limit: number | undefined): number {
  return limit === undefined ? DEFAULT_PIDS : limit <= 0 ? -1 : limit;
}
