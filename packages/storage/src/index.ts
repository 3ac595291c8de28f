/**
 * Everything below the data and the run directory: blobs, images, layers, containers, volumes,
 * unfinished things, trash, and the store lock. State is files that are created whole. What a
 * killed command leaves is repaired by the next command that finds it.
 */
export { openStore } from './store.ts';
export type { Store } from './store.ts';
export { layoutOf } from './layout.ts';
export type { Layout, StoreDirectories } from './layout.ts';
export type {
  ContainerRecord, ImageEntry, ImageLayer, ImageOrigin, ImageRecord, LayerRecord, LayerSource,
  MountedImage, VolumeRecord,
} from './records.ts';
export { layersOf } from './records.ts';
export type { BlobStore, BlobWriter } from './blobs.ts';
export type { CommitImage, ImageStore, ResolveOptions } from './images.ts';
export type { LayerStore, LayerStaging } from './layers.ts';
export type {
  ContainerEntry, ContainerPaths, ContainerStore, CreateContainer, ExitRemoval,
} from './containers.ts';
export type { DriverName, DriverRecord, OwnerKeeping } from './driver-record.ts';
export type { NoLock, Release } from './file-lock.ts';
export type { CreateVolume, VolumeStore } from './volumes.ts';
export { isMakerAlive } from './owner.ts';
export { containerFiles } from './container-create.ts';
export type { ContainerFile } from './container-create.ts';
export { ADJECTIVES, SURNAMES } from './name-words.ts';
export { fileDigest } from './file-digest.ts';
export { fullDiskHint, tellsOfFullDisk } from './fs-errors.ts';
export { readIfThere } from './whole-file.ts';
export type { RemoveTrees, Trash } from './trash.ts';
export type { Session } from './staging.ts';
export type { FindingKind, StoreCheckOptions, StoreFinding } from './check-finding.ts';
export type { CollectOptions, CollectReport } from './collect.ts';
export { formatSummaryHead, parseSummary } from './summary.ts';
export type { RunFacts, Summary, SummaryHead } from './summary.ts';
export { pausedMarker } from './paused.ts';
export { isRunShared, runDirectoryOf } from './run-directory.ts';
export { deriveState, readLivenessFacts } from './run-state.ts';
export type { ContainerState, DerivedState, LivenessFacts, RunEvidence } from './run-state.ts';
export { checkName, randomId, randomName } from './names.ts';
