/** Collects what compose() must know of this machine for one request, and nothing beyond that. */
import { existsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ContainerRequest, HostFacts, MountRequest } from '@berth/bundle';
import { SystemError, UnsupportedError, UsageError } from '@berth/errors';
import { readResourceLimits } from '@berth/host';
import { localPlatform } from '@berth/oci';
import { readBounded } from '@berth/transport';
import type { Engine } from '../engine.ts';
import { embeddedReference } from '../images/embedded-name.ts';
import type { FoundImage } from '../images/local.ts';
import { volumeSource } from '../volumes/volume-options.ts';
import { limitedDevices, requestedDevices } from './devices.ts';

const ZONES = '/usr/share/zoneinfo';

/** The facts, and the mounts that the image itself needs. */
export interface RequestFacts {
  facts: HostFacts;
  /** Mounts that the image needs on this machine: the host image's programs. */
  extraMounts: MountRequest[];
}

/**
 * Throws SystemError for a bind whose source does not exist. A source that can't be examined is let
 * pass.
 */
function requireSources({ mounts }: ContainerRequest): void {
  for (const mount of mounts) {
    if (mount.type !== 'bind') continue;
    try {
      statSync(mount.source);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') continue;
      throw new SystemError('NO_SOURCE', `bind "${mount.source}"`, { cause });
    }
  }
}

/** Throws UnsupportedError where containers have a copy of the caller's /proc. */
function requireProcOptions({ isProcMasked }: Engine, { security }: ContainerRequest): void {
  if (!isProcMasked || security.procOptions === undefined) return;
  throw new UnsupportedError('PROC_OPTIONS', 'give /proc options: it is that of the container ' +
    'which berth runs in', { hint: 'run that one with --security-opt unmask=ALL' });
}

/** Throws when the request names files of the host that do not exist. */
export async function hostFacts(
  engine: Engine,
  { image, request }: { image: FoundImage; request: ContainerRequest },
): Promise<RequestFacts> {
  requireSources(request);
  requireProcOptions(engine, request);
  return {
    facts: {
      architecture: localPlatform().architecture,
      // A getter, since node:os takes a while to load and most containers have a name of their own.
      get hostname() {
        return hostname();
      },
      limits: request.ulimits.length > 0 ? readResourceLimits() : new Map(),
      timezoneFile: timezoneFile(request.timezone),
      devices: requestedDevices(request),
      blockDevices: limitedDevices(request),
      seccompProfile: seccompProfile(request.security.seccompProfile),
      volume: (name) => volumeSource(engine, name),
      hasManyIds: engine.idMaps.tier === 'full',
      canSetSysctls: !engine.isProcMasked,
    },
    extraMounts: await extraMounts(image, request),
  };
}

async function extraMounts(image: FoundImage, request: ContainerRequest): Promise<MountRequest[]> {
  if (image.name !== embeddedReference('host')) {
    return [];
  }
  const { hostMounts } = await import('../images/host-image.ts');
  const taken = new Set(request.mounts.map(({ target }) => target));
  if (request.timezone !== undefined) taken.add('/etc/localtime');
  return hostMounts().filter(({ target }) => !taken.has(target));
}

function timezoneFile(zone: string | undefined): string | undefined {
  if (zone === undefined) {
    return undefined;
  }
  if (zone === 'local') {
    return existsSync('/etc/localtime') ? '/etc/localtime' : undefined;
  }
  const path = join(ZONES, zone);
  if (zone.split('/').includes('..') || !existsSync(path)) {
    throw new UsageError('BAD_TIMEZONE', `set the time zone "${zone}": no such zone in ${ZONES}`);
  }
  return path;
}

function seccompProfile(path: string | undefined): unknown {
  if (path === undefined || path === 'unconfined') {
    return undefined;
  }
  try {
    return JSON.parse(readBounded(path));
  } catch (cause) {
    throw new UnsupportedError('BAD_SECCOMP', `read the seccomp profile "${path}"`, {
      cause,
      hint: '--security-opt seccomp=unconfined, or a JSON profile',
    });
  }
}
