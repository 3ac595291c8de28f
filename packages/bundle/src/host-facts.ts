/** What compose() must know of the machine; the engine finds it out. */

import type { DeviceRequest } from './request.ts';

/** What a volume is mounted from, and the options with which it was made. */
export type VolumeSource =
  | { type: 'folder'; path: string; options: readonly string[] }
  | { type: 'tmpfs'; options: readonly string[] };

/** A device that exists. */
export interface DeviceFact extends DeviceRequest {
  type: 'c' | 'b';
}

/** The facts of this machine that one request needs. */
export interface HostFacts {
  /** `amd64`, `arm64` … */
  architecture: string;
  /** This machine's host name. */
  hostname: string;
  /** The caller's limits by their ulimit names, soft and hard; Infinity means no limit. */
  limits: ReadonlyMap<string, { soft: number; hard: number }>;
  /** The time zone file for --tz, or this machine's for `local`; undefined leaves the image's. */
  timezoneFile: string | undefined;
  /** The devices of each --device, and of --privileged. */
  devices: readonly DeviceFact[];
  /** Numbers of the block devices that limits name, by path. */
  blockDevices: ReadonlyMap<string, { major: number; minor: number }>;
  /** The profile of --security-opt seccomp=FILE, parsed. */
  seccompProfile: unknown;
  /** Answers what a volume is mounted from. */
  volume: (name: string) => VolumeSource;
  /** False where only one id is mapped, so that root is emulated. */
  hasManyIds: boolean;
  /** False in a container with a masked /proc, where /proc/sys can't be written. */
  canSetSysctls: boolean;
}
