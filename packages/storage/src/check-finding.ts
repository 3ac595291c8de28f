/** What checking the store finds, as data. */
import type { CollectParts } from './collect.ts';
import type { VolumeStore } from './volumes.ts';

/** What a finding is about. */
export type FindingKind =
  | 'image' | 'image-name' | 'image-origin' | 'layer' | 'blob'
  | 'container' | 'container-name' | 'volume' | 'leftover' | 'stranger' | 'folder';

/** One thing that is wrong. */
export interface StoreFinding {
  readonly kind: FindingKind;
  /** Id, digest, name or path of the object. */
  readonly object: string;
  /** What is wrong with it, to be read behind its name. */
  readonly problem: string;
  /**
   * damaged  it can't be trusted any more
   * missing  something that it needs is not there
   * unused   nothing needs it
   */
  readonly state: 'damaged' | 'missing' | 'unused';
}

/** How far to look. */
export interface StoreCheckOptions {
  /** Blobs are not read. */
  readonly quick?: boolean | undefined;
  /** Unused layers and blobs younger than this are let pass. 0 by default. */
  readonly unusedAgeMs?: number | undefined;
}

/** The parts of a store that are checked. */
export interface CheckParts extends CollectParts {
  readonly volumes: VolumeStore;
}

/** What went wrong with reading a record, as a problem; undefined when it went well. */
export function problemOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
