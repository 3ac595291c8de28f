/**
 * Makes an OCI runtime spec from the request, the image's config and the facts of the machine.
 * Pure: it looks nothing up, and trusts nothing of the image.
 */
import { UsageError } from '@berth/errors';
import type {
  DeviceSpec,
  ImageConfig,
  LinuxSpec,
  NamespaceType,
  RuntimeSpec,
  SeccompSpec,
} from '@berth/oci';
import { capabilities, neededCapabilities } from './capabilities.ts';
import type { DeviceFact, HostFacts } from './host-facts.ts';
import { maskedPaths } from './masked-paths.ts';
import { mountSpecs } from './mounts.ts';
import { processSpec } from './process.ts';
import type { ContainerRequest } from './request.ts';
import { resources } from './resources.ts';
import { customSeccomp } from './custom-seccomp.ts';
import { defaultSeccomp } from './seccomp-profile.ts';
import { sysctls } from './sysctls.ts';

/** Everything that a runtime spec is made from; compose() reads nothing else. */
export interface ComposeInput {
  id: string;
  /** The request, in which every volume has a name already. */
  request: ContainerRequest;
  image: ImageConfig;
  host: HostFacts;
}

const RUNTIME_SPEC_VERSION = '1.1.0';
const SHORT_ID_LENGTH = 12;
const HOSTNAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/;

/** The container's runtime spec. Throws UsageError for requests that can't be met. */
export function compose({ id, request, image, host }: ComposeInput): RuntimeSpec {
  const names = request.privileged
    ? capabilities(request)
    : neededCapabilities(capabilities(request), { ...image.labels, ...request.labels });
  const hostname = chooseHostname(id, request, host);
  return {
    ociVersion: RUNTIME_SPEC_VERSION,
    process: processSpec({ request, image, host, hostname, capabilities: names }),
    root: { path: 'rootfs', readonly: request.readOnly },
    ...(request.uts.kind === 'host' || request.uts.kind === 'container' ? {} : { hostname }),
    mounts: mountSpecs(request, host),
    annotations: { ...request.annotations },
    linux: linuxSpec(request, host, names),
  };
}

/**
 * The host name. It is the machine's where the container uses the machine's uts namespace, or its
 * network namespace, as in Podman.
 */
function chooseHostname(id: string, request: ContainerRequest, host: HostFacts): string {
  const { hostname: asked, uts, network } = request;
  if (asked === undefined && (uts.kind === 'host' || network.kind === 'host')) return host.hostname;
  const hostname = asked ?? id.slice(0, SHORT_ID_LENGTH);
  if (!HOSTNAME.test(hostname)) {
    throw new UsageError('BAD_HOSTNAME', `name the host "${hostname}": not a host name`);
  }
  return hostname;
}

function linuxSpec(
  request: ContainerRequest,
  host: HostFacts,
  names: readonly string[],
): LinuxSpec {
  const { masked, readOnly } = maskedPaths(request);
  const seccomp = seccompSpec(request, host, names);
  return {
    namespaces: namespaces(request),
    sysctl: sysctls(request, host.canSetSysctls),
    maskedPaths: masked,
    readonlyPaths: readOnly,
    ...(seccomp === undefined ? {} : { seccomp }),
    devices: host.devices.map(deviceSpec),
    ...(request.personality === undefined ? {} : { personality: { domain: request.personality } }),
    resources: resources(request.resources, host.blockDevices),
  };
}

/**
 * The namespaces to make or join. `host` is left out, which in a runtime spec means that none is
 * made.
 */
function namespaces(request: ContainerRequest): LinuxSpec['namespaces'] {
  const kinds: [NamespaceType, { kind: string }][] = [
    ['pid', request.pid],
    ['ipc', request.ipc],
    ['uts', request.uts],
    ['network', request.network],
    ['cgroup', request.cgroupns],
  ];
  const own = kinds.filter(([, { kind }]) => kind !== 'host').map(([type]) => ({ type }));
  return [{ type: 'user' }, { type: 'mount' }, ...own];
}

function seccompSpec(
  request: ContainerRequest,
  host: HostFacts,
  names: readonly string[],
): SeccompSpec | undefined {
  const { seccompProfile } = request.security;
  if (seccompProfile === 'unconfined' || (request.privileged && seccompProfile === undefined)) {
    return undefined;
  }
  const facts = { architecture: host.architecture, capabilities: names };
  return seccompProfile === undefined
    ? defaultSeccomp(host.architecture, names)
    : customSeccomp(host.seccompProfile, facts);
}

function deviceSpec({ source, target, type, permissions }: DeviceFact): DeviceSpec {
  return { path: target, source, type, permissions };
}
