/**
 * Layers: an archive becomes a tree and a recipe, and the recipe gives the exact archive back.
 */
export { adoptLedger } from './ledger.ts';
export { applyLayer } from './apply-layer.ts';
export type { ApplyLayerOptions, LayerResult } from './apply-layer.ts';
export { applyRequestLine, parseApplyAnswer, runApplyWorker } from './apply-worker.ts';
export type { ApplyWorkerRequest, BlobPlace } from './apply-worker.ts';
export { readArchive } from './archive-reader.ts';
export type { ArchiveItem } from './archive-reader.ts';
export { decompress } from './decompress.ts';
export type { Compression, Decompressed } from './decompress.ts';
export type { OwnerPolicy } from './entry-attributes.ts';
export type { LayerCounts, TreePolicy } from './layer-applier.ts';
export { DEFAULT_LIMITS } from './limits.ts';
export type { LayerLimits } from './limits.ts';
export { mendLayer, runMendWorker } from './mend-worker.ts';
export type { MendAnswer, MendRequest } from './mend-worker.ts';
export { readRecipe } from './recipe-reader.ts';
export type { Recipe, RecipeRecord } from './recipe-reader.ts';
export { reproduceTar } from './reproduce-tar.ts';
export type { DataSegment, EntryAttribute, EntryType, TarEntry } from './tar-entry.ts';
export { verifyLayer, runVerifyWorker } from './verify-worker.ts';
export type { VerifyAnswer, VerifyJob } from './verify-worker.ts';
export type { TreeDifference, VerifyOptions } from './verify-tree.ts';
export { reproduceWorkerArguments, runReproduceWorker } from './reproduce-worker.ts';
export { changesWorkerArguments, parseListedChange, runChangesWorker } from './changes-worker.ts';
export type { ChangesRequest, ListedChange } from './changes-worker.ts';
export type { OwnerSource } from './file-owners.ts';
export type { MarkedFolder } from './merged-tree.ts';
export { exportWorkerArguments, runExportWorker } from './export-worker.ts';
export type { SharingLayer, ShareResult } from './share-files.ts';
export { shareFiles } from './share-files.ts';
export type { ShareRequest } from './share-worker.ts';
export { runShareWorker } from './share-worker.ts';
export { runUnpackWorker, unpackWorkerArguments } from './unpack-worker.ts';
