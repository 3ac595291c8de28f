/** The bundle package: from a request, an image's config and host facts to a runtime spec. */
export { capabilities, capabilitySets, isRootUser } from './capabilities.ts';
export { compose, type ComposeInput } from './compose.ts';
export type { DeviceFact, HostFacts, VolumeSource } from './host-facts.ts';
export { APT_CONFIG_PATH } from './process.ts';
export type {
  AccountsRequest,
  BlockLimitRequest,
  CgroupMode,
  ContainerRequest,
  DeviceRequest,
  ImageMount,
  LogRequest,
  MountRequest,
  NamespaceRequest,
  NetworkRequest,
  PortRequest,
  ResourceRequest,
  SecurityRequest,
  StreamName,
  UlimitRequest,
  UserNamespaceRequest,
} from './request.ts';
export { seccompText } from './seccomp-text.ts';
export { refusalText } from './seccomp-refusals.ts';
export { emulationText } from './seccomp-emulation.ts';
