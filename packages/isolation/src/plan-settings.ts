/** What a launch plan says beyond the runtime spec, as data that the engine decides. */
import type { CgroupSettings } from './cgroup.ts';
import type { IdMaps } from './id-maps.ts';
import type { ProcessExtras } from './plan-process.ts';

/** Where output is kept. */
export interface LogSettings {
  driver: 'k8s-file' | 'json-file' | 'none' | 'passthrough';
  path: string;
  /** 0 is unlimited. */
  maxSizeBytes: number;
  maxFiles: number;
}

/** A port of the host; an empty address is every address. */
export interface HostPort {
  protocol: 'tcp' | 'udp';
  hostAddress: string;
  hostPort: number;
}

/** How many layers the kernel mounts as one overlay. */
export const MAX_LAYERS = 500;

/** The root file system: an overlay of layers, top one first, or a plain folder. */
export type RootSettings =
  | {
      kind: 'overlay';
      upper: string;
      work: string;
      lowers: readonly string[];
      /** A layer that the others take content from; overlay shows nothing else of it. */
      data?: string | undefined;
      /** The program that serves it; undefined: the kernel does. */
      fuseOverlayfs?: string | undefined;
      /** What is written goes when the run ends, and need not reach the disk before. */
      isVolatile: boolean;
    }
  | { kind: 'folder'; path: string };

/** Where a namespace of the container comes from. */
export type NamespaceSettings =
  | { from: 'new' | 'host' }
  | { from: 'process'; pid: number; startTime: string }
  | { from: 'path'; path: string };

/** Namespaces as plans name them. */
export type NamespaceName = 'pid' | 'ipc' | 'uts' | 'net' | 'cgroup' | 'mount';

/** One step at the end of the last run, after the exit record is there. */
export type ExitStep =
  | { step: 'unlink'; path: string }
  | { step: 'remove'; path: string }
  | { step: 'rename'; from: string; to: string }
  | { step: 'append'; file: string; line: string };

/** What the supervisor must know beyond the runtime spec. */
export interface SupervisorSettings {
  id: string;
  stateDirectory: string;
  runDirectory: string;
  keepersDirectory: string;
  /** The immutable head of the summary file. */
  summary: string;
  idMaps: IdMaps;
  stdio: 'handed' | 'piped' | 'terminal';
  stdinOpen: boolean;
  log: LogSettings;
  timeoutSeconds: number;
  stopSignal: number;
  pidFile: string | undefined;
  /** Gets the supervisor's pid. */
  supervisorPidFile?: string | undefined;
  /** What the client tells the service manager at NOTIFY_SOCKET. */
  notice?: 'ready' | 'main' | undefined;
  init: boolean;
  cgroup: CgroupSettings;
  networkHelper: readonly string[] | undefined;
  /** Ports of the host that the network helper holds: free again when the run has ended. */
  hostPorts: readonly HostPort[];
  namespaces: Record<NamespaceName, NamespaceSettings>;
  root: RootSettings;
  /** Empty volumes to fill from the image: the path in the container and the volume's folder. */
  copyUps: readonly { target: string; data: string; isOwned: boolean }[];
  process: ProcessExtras;
  exitSteps: readonly ExitStep[];
  /** Lines for files of accounts, unless they have the id. */
  accounts?: readonly { file: string; id: number; line: string }[] | undefined;
}
