/**
 * The network package: which helper connects a container, with which arguments, and what the
 * container's hosts and resolv.conf files say. It starts nothing: the supervisor does.
 */
export { hasRoute4 } from './default-route.ts';
export {
  chooseNetwork,
  type NetworkChoice,
  type NetworkKind,
  type NetworkWish,
} from './network-choice.ts';
export { loopbackRelays, pastaArguments, type LoopbackRelay } from './pasta.ts';
export { slirpArguments } from './slirp4netns.ts';
export { hostsFile, type HostsSettings } from './hosts.ts';
export { resolvConf, type ResolvSettings } from './resolv-conf.ts';
export { assignPorts, type AssignedPort, type WantedPort } from './ports.ts';
export { GUEST, guestAddresses, type GuestAddresses } from './guest-addresses.ts';
