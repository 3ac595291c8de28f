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
  /** What is wrong with the object; messages show it after the object's name. */
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
  /** Unused layers and blobs younger than this are not reported. 0 by default. */
  readonly unusedAgeMs?: number | undefined;
}

/** The parts of a store that are checked. */
export interface CheckParts extends CollectParts {
  readonly volumes: VolumeStore;
}

/** Why a record can't be read, as a finding's problem; undefined if it can. */
export function problemOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
