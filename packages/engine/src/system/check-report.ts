/** What `system check` is asked and what it answers, as data. */
import type { StoreFinding } from '@berth/storage';
import type { PullOptions } from '../images/pull-options.ts';

/** How much is checked, and what is done about damage. */
export interface CheckOptions {
  /** Do not read the contents of files. */
  quick: boolean;
  repair: boolean;
  /** Remove what can't be repaired, with the containers that use it. */
  force: boolean;
  /** Unused layers and blobs that are younger than this are ignored. */
  unusedAgeMs: number;
  /** How registries are reached when images are pulled again. */
  pull: PullOptions;
}

/** One fault that was found. */
export interface CheckFinding extends StoreFinding {
  /** The file in a layer's tree that the finding is about. */
  path: string | undefined;
  /** What was done about it, if anything. */
  action: string | undefined;
  /** The fault is gone. */
  repaired: boolean;
}

/** What was looked at and what was found. */
export interface CheckReport {
  findings: CheckFinding[];
  /** Layers and blobs that nothing uses. They are not damaged; a prune removes them. */
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
