/**
 * Resource limits of a container: those that were asked for; else the caller's own, raised as far
 * as the caller may raise them.
 */
import { UsageError } from '@berth/errors';
import type { RlimitSpec } from '@berth/oci';
import type { HostFacts } from './host-facts.ts';
import type { UlimitRequest } from './request.ts';

const NAMES = new Set([
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
]);
const UNLIMITED = -1;

/**
 * The limits. Throws UsageError for unknown names, and for limits above what the caller may set.
 */
export function rlimits(requests: readonly UlimitRequest[], host: HostFacts): RlimitSpec[] {
  const limits = new Map<string, RlimitSpec>();
  for (const request of requests) {
    if (request.name === 'host') {
      host.limits.forEach(({ soft, hard }, name) =>
        limits.set(name, spec(name, number(soft), number(hard))),
      );
    } else {
      limits.set(request.name, checked(request, host));
    }
  }
  return [...limits.values()];
}

function checked({ name, soft, hard }: UlimitRequest, host: HostFacts): RlimitSpec {
  if (!NAMES.has(name)) {
    throw new UsageError('BAD_ULIMIT', `set the limit "${name}": no such limit`, {
      hint: `limits are ${[...NAMES].join(', ')}, host`,
    });
  }
  const allowed = host.limits.get(name)?.hard ?? Infinity;
  if (Number.isFinite(allowed) && (hard === UNLIMITED || hard > allowed)) {
    throw new UsageError(
      'ULIMIT_TOO_HIGH',
      `set the limit "${name}" to ${hard}: this user may have ${allowed} at most`,
      {
        hint: `--ulimit ${name}=${allowed}`,
      },
    );
  }
  if (hard !== UNLIMITED && (soft === UNLIMITED || soft > hard)) {
    throw new UsageError(
      'BAD_ULIMIT',
      `set the limit "${name}": its soft value ${soft} is above the hard one, ${hard}`,
    );
  }
  return spec(name, soft, hard);
}

function spec(name: string, soft: number, hard: number): RlimitSpec {
  return { type: `RLIMIT_${name.toUpperCase()}`, soft, hard };
}

function number(value: number): number {
  return Number.isFinite(value) ? value : UNLIMITED;
}
