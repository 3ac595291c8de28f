/**
 * A store: its parts, put together. Opening does no I/O; every directory is made when something
 * is first written to it.
 */
import { BlobStore } from './blobs.ts';
import type { StoreCheckOptions, StoreFinding } from './check-finding.ts';
import { collect, sweepStaging } from './collect.ts';
import type { CollectOptions, CollectReport } from './collect.ts';
import { ContainerNames } from './container-names.ts';
import { ContainerStore } from './containers.ts';
import { ImageStore } from './images.ts';
import type { ResolveOptions } from './image-resolve.ts';
import { requireFolders } from './folders.ts';
import { LayerStore } from './layers.ts';
import { DriverFile } from './driver-record.ts';
import { layoutOf } from './layout.ts';
import type { Layout, StoreDirectories } from './layout.ts';
import { readLivenessFacts } from './run-state.ts';
import type { LivenessFacts } from './run-state.ts';
import { ShiftedLayerStore } from './shifted-layers.ts';
import { Staging } from './staging.ts';
import type { Session } from './staging.ts';
import { StoreLock } from './store-lock.ts';
import type { Acquire } from './store-lock.ts';
import { Trash } from './trash.ts';
import { VolumeStore } from './volumes.ts';

/** An opened store. Holds no descriptor and no lock: there is nothing to close. */
export interface Store {
  readonly layout: Layout;
  readonly driver: DriverFile;
  readonly blobs: BlobStore;
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly shiftedLayers: ShiftedLayerStore;
  readonly containers: ContainerStore;
  readonly volumes: VolumeStore;
  readonly staging: Staging;
  readonly trash: Trash;
  readonly lock: StoreLock;
  /**
   * Pins for a command that takes time, such as a pull; close it when its image is committed.
   * Half-made things of killed commands go to the trash now; call `trash.empty` when there is time.
   */
  openSession(): Session;
  /** Unused objects are gone, and what dead commands left is repaired. */
  collect(options?: CollectOptions): Promise<CollectReport>;
  /** Throws a ConflictError when a link or a file is in the place of one of the store's folders. */
  requireFolders(): void;
  /** The problems of records, names, links and leftovers. Reads no layer's tree. */
  check(options?: StoreCheckOptions): Promise<StoreFinding[]>;
  /** The finding is repaired with what the store itself has; false if that is impossible. */
  repair(finding: StoreFinding): Promise<boolean>;
}

/** What the store can't know by itself; tests replace it. */
export interface StoreParts {
  /** The short names of registries.conf; if not given, there are none. */
  readonly shortNames?: (() => ResolveOptions) | undefined;
  readonly acquireLock?: Acquire | undefined;
  readonly readFacts?: (() => LivenessFacts) | undefined;
}

/** The store below these directories; they need not exist. Does no I/O. */
export function openStore(directories: StoreDirectories, replaced: StoreParts = {}): Store {
  const layout = layoutOf(directories);
  const staging = late(() => new Staging(layout, replaced.readFacts ?? readLivenessFacts));
  const trash = late(() => new Trash(layout, staging()));
  const driver = late(() => new DriverFile(layout, staging()));
  const lock = late(() => new StoreLock(layout, replaced.acquireLock));
  const blobs = late(() => new BlobStore(layout, staging(), trash()));
  const layers = late(() => new LayerStore(layout, staging(), trash()));
  const shiftedLayers = late(() => new ShiftedLayerStore(layout, staging(), trash()));
  const volumes = late(() => new VolumeStore(layout, staging(), trash()));
  const containerNames = late(() => new ContainerNames(layout, staging()));
  const images = late(() => new ImageStore(store));
  const containers = late(() => new ContainerStore(store));
  const store = {
    layout,
    shortNames: replaced.shortNames ?? ((): ResolveOptions => ({})),
    get driver() { return driver(); },
    get blobs() { return blobs(); },
    get images() { return images(); },
    get layers() { return layers(); },
    get shiftedLayers() { return shiftedLayers(); },
    get containers() { return containers(); },
    get containerNames() { return containerNames(); },
    get volumes() { return volumes(); },
    get staging() { return staging(); },
    get trash() { return trash(); },
    get lock() { return lock(); },
    openSession: () => {
      sweepStaging(store);
      return staging().openSession();
    },
    collect: (options?: CollectOptions) => collect(store, options),
    requireFolders: () => requireFolders(layout),
    check: async (options?: StoreCheckOptions) =>
      (await import('./check.ts')).checkStore(store, options),
    repair: async (finding: StoreFinding) =>
      (await import('./repair.ts')).repairFinding(store, finding),
  };
  return store;
}

/** A command needs few of the parts, so each is made, and its module loaded, at its first use. */
function late<Part>(make: () => Part): () => Part {
  let part: Part | undefined;
  return () => (part ??= make());
}
