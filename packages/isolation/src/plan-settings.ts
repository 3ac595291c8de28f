/** What a launch plan says beyond the runtime spec, as data that the engine decides. */
import type { CgroupSettings } from './cgroup.ts';
import type { IdMaps } from './id-maps.ts';
import type { ProcessExtras } from './plan-process.ts';

/** Where output is kept. */
export interface LogSettings {
  driver: 'k8s-file' | 'json-file' | 'none' | 'passthrough';
  path: string;
  /** 0 means unlimited. */
  maxSizeBytes: number;
  maxFiles: number;
}

/** A port of the host; an empty address means every address. */
export interface HostPort {
  protocol: 'tcp' | 'udp';
  hostAddress: string;
  hostPort: number;
}

/** How many layers the kernel can mount as one overlay. */
export const MAX_LAYERS = 500;

/** The root file system: an overlay of layers, top one first, or a plain folder. */
export type RootSettings =
  | {
      kind: 'overlay';
      upper: string;
      work: string;
      lowers: readonly string[];
      /** The layer that holds the content for the other layers; its own files are not shown. */
      data?: string | undefined;
      /** The program that serves the overlay; undefined uses the kernel's. */
      fuseOverlayfs?: string | undefined;
      /** The files are removed when the run ends, so they need not reach the disk. */
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

/** One step at the end of the last run, done after the exit record is written. */
export type ExitStep =
  | { step: 'remove'; path: string }
  | { step: 'rename'; from: string; to: string }
  | { step: 'volume'; from: string; to: string }
  | { step: 'release'; path: string; id: string };

/** What the supervisor needs to know beyond the runtime spec. */
export interface SupervisorSettings {
  id: string;
  stateDirectory: string;
  runDirectory: string;
  keepersDirectory: string;
  /** The part of the summary file that never changes. */
  summary: string;
  idMaps: IdMaps;
  stdio: 'handed' | 'piped' | 'terminal';
  stdinOpen: boolean;
  log: LogSettings;
  timeoutSeconds: number;
  stopSignal: number;
  pidFile: string | undefined;
  /** The file that the supervisor's pid is written to. */
  supervisorPidFile?: string | undefined;
  /** What the client tells the service manager at NOTIFY_SOCKET. */
  notice?: 'ready' | 'main' | undefined;
  /** The container is stopped when its client is killed. */
  endsWithClient?: boolean;
  init: boolean;
  cgroup: CgroupSettings;
  networkHelper: readonly string[] | undefined;
  /**
   * Ports of the host that the network helper holds; they must be free again when the run has
   * ended.
   */
  hostPorts: readonly HostPort[];
  /** UDP ports of loopback addresses that the supervisor serves in place of the network helper. */
  udpRelays: readonly { hostAddress: string; hostPort: number; containerPort: number }[];
  namespaces: Record<NamespaceName, NamespaceSettings>;
  root: RootSettings;
  /** Links that are made in the root before all mounts, where it has nothing at `path`. */
  symlinks: readonly { path: string; content: string }[];
  /** The layers of mounted images, top one first, by the image's id. */
  imageLayers: Readonly<Record<string, readonly string[]>>;
  /**
   * Empty volumes that are filled from the image: the path in the container, and the volume's
   * folder.
   */
  copyUps: readonly { target: string; data: string; isOwned: boolean }[];
  process: ProcessExtras;
  exitSteps: readonly ExitStep[];
  /** Lines to add to account files (passwd, group) that do not have the id yet. */
  accounts?: readonly { file: string; id: number; line: string }[] | undefined;
}
