/** What compose() must know of the machine; the engine finds it out. */

import type { DeviceRequest } from './request.ts';

/** What a volume is mounted from, with the options that it was made with. */
export type VolumeSource =
  | { type: 'folder'; path: string; options: readonly string[] }
  | { type: 'tmpfs'; options: readonly string[] };

/** A device that is there. */
export interface DeviceFact extends DeviceRequest {
  type: 'c' | 'b';
}

/** What was found out about this machine for one request. */
export interface HostFacts {
  /** `amd64`, `arm64` … */
  architecture: string;
  /** This machine's host name. */
  hostname: string;
  /** The caller's limits by their ulimit names, soft and hard; Infinity is none. */
  limits: ReadonlyMap<string, { soft: number; hard: number }>;
  /** File of the wanted --tz, or of this machine's for `local`; undefined leaves the image's. */
  timezoneFile: string | undefined;
  /** Those of each --device, and of --privileged. */
  devices: readonly DeviceFact[];
  /** Numbers of the block devices that limits name, by path. */
  blockDevices: ReadonlyMap<string, { major: number; minor: number }>;
  /** The profile of --security-opt seccomp=FILE, parsed. */
  seccompProfile: unknown;
  /** What a volume is. */
  volume: (name: string) => VolumeSource;
  /** False where only one id is mapped, and root is emulated. */
  hasManyIds: boolean;
  /** False in a container whose /proc is masked: its /proc/sys can't be written. */
  canSetSysctls: boolean;
}
