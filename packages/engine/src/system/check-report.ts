/** What `system check` is asked and what it answers, as data. */
import type { StoreFinding } from '@berth/storage';
import type { PullOptions } from '../images/pull-options.ts';

/** How far to look, and what to do. */
export interface CheckOptions {
  /** Contents are not read. */
  quick: boolean;
  repair: boolean;
  /** What can't be mended is removed, with the containers that use it. */
  force: boolean;
  /** Layers and blobs that nothing uses and that are younger than this are let pass. */
  unusedAgeMs: number;
  /** How registries are reached for repairs. */
  pull: PullOptions;
}

/** One thing that was wrong. */
export interface CheckFinding extends StoreFinding {
  /** The file in a layer's tree that it is about. */
  path: string | undefined;
  /** What was done about it, if anything. */
  action: string | undefined;
  /** It is not there any more. */
  repaired: boolean;
}

/** What was looked at and what was found. */
export interface CheckReport {
  findings: CheckFinding[];
  /** Layers and blobs that nothing uses: nothing is wrong with them, and a prune frees them. */
  unused: {
    layers: number;
    blobs: number;
    bytes: number;
  };
  checked: {
    images: number;
    layers: number;
    layerBytes: number;
    layerFiles: number;
    containers: number;
    volumes: number;
  };
}
