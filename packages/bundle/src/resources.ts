/** Resource limits of a container, as the runtime spec writes them. */
import { UsageError } from '@berth/errors';
import type { ResourcesSpec } from '@berth/oci';
import type { ResourceRequest } from './request.ts';

const CPU_PERIOD_US = 100_000;
const DEFAULT_PIDS = 2048;
const LEAST_MEMORY_BYTES = 6 * 1024 * 1024;

/** The limits; processes are limited even when nothing was asked for. Throws UsageError. */
export function resources(request: ResourceRequest): ResourcesSpec {
  const memory = memoryLimits(request);
  const cpu = {
    ...(request.cpus === undefined
      ? {}
      : { quota: Math.round(request.cpus * CPU_PERIOD_US), period: CPU_PERIOD_US }),
    ...(request.cpuShares === undefined ? {} : { shares: request.cpuShares }),
    ...(request.cpusetCpus === undefined ? {} : { cpus: request.cpusetCpus }),
  };
  return {
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    pids: { limit: pidsLimit(request.pidsLimit) },
  };
}

function memoryLimits(request: ResourceRequest): NonNullable<ResourcesSpec['memory']> {
  const {
    memoryBytes: limit,
    memorySwapBytes: swap,
    memoryReservationBytes: reservation,
  } = request;
  if (limit !== undefined && limit > 0 && limit < LEAST_MEMORY_BYTES) {
    throw new UsageError(
      'MEMORY_TOO_LOW',
      `limit memory to ${limit} bytes: ${LEAST_MEMORY_BYTES} is the least that works`,
    );
  }
  if (limit !== undefined && swap !== undefined && swap >= 0 && swap < limit) {
    throw new UsageError(
      'SWAP_TOO_LOW',
      `limit memory and swap to ${swap} bytes: less than the memory limit, ${limit}`,
    );
  }
  return {
    ...(limit === undefined || limit === 0 ? {} : { limit }),
    ...(swap === undefined ? {} : { swap }),
    ...(reservation === undefined ? {} : { reservation }),
  };
}

/** 0 and -1 are "no limit". */
function pidsLimit(limit: number | undefined): number {
  return limit === undefined ? DEFAULT_PIDS : limit <= 0 ? -1 : limit;
}
