/**
 * Where everything is below the data and the run directory. The layout is drawn here, where the
 * paths are computed; docs/state.md says who writes and reads each file.
 *
 *   data/
 *     blobs/sha256/<hex>              whole and verified
 *     blobs/partial/<hex>[,<owner>]   unfinished downloads
 *     images/<image id>/record.json   and origins/<key>: manifests it was seen under
 *     images/names/<reference>        symlink whose target is the image id
 *     layers/<diff id>/               fs/ recipe record.json
 *     shifted/<map>/<layers>/         fs/ record.json: layers as one tree, under other owners
 *     containers/<id>/                see docs/state.md
 *     containers/names/<name>         symlink whose target is the container id
 *     volumes/<name>/                 record.json _data/
 *     staging/<owner>,<purpose>       unfinished things of a living process
 *     trash/<unique>                  hidden from readers, not yet deleted
 *     driver.json                     how layers become root file systems here
 *     lock                            directory of proper-lockfile while the store lock is held
 *   run/
 *     containers/<id>/                socket and pids of a running container
 *     keepers/                        supervisors that keep the shared user namespace
 *     kept-runs/                      what runs with the same words are made from
 *     logout-notice                   the user was told what ends at logout
 *     nesting-notice                  the user was told what a masked /proc costs
 */
import { join } from 'node:path';

/** Absolute paths of the parts of a store. Computing them does no I/O. */
export interface Layout {
  readonly data: string;
  readonly run: string;
  readonly blobs: string;
  readonly partialBlobs: string;
  readonly images: string;
  readonly imageNames: string;
  readonly layers: string;
  readonly shifted: string;
  readonly containers: string;
  readonly containerNames: string;
  readonly volumes: string;
  readonly staging: string;
  readonly trash: string;
  readonly lock: string;
  readonly driver: string;
  readonly runContainers: string;
  readonly keepers: string;
  readonly keptRuns: string;
  /** Exists after the user was told that background containers end at logout. */
  readonly logoutNotice: string;
  /** Exists after the user was told what containers inside a container can't do. */
  readonly nestingNotice: string;
}

/** The two directories that hold a store; `Directories` of host fits. */
export interface StoreDirectories {
  readonly data: string;
  readonly run: string;
}

/** The paths of a store. Does no I/O. */
export function layoutOf({ data, run }: StoreDirectories): Layout {
  return {
    data,
    run,
    blobs: join(data, 'blobs', 'sha256'),
    partialBlobs: join(data, 'blobs', 'partial'),
    images: join(data, 'images'),
    imageNames: join(data, 'images', 'names'),
    layers: join(data, 'layers'),
    shifted: join(data, 'shifted'),
    containers: join(data, 'containers'),
    containerNames: join(data, 'containers', 'names'),
    volumes: join(data, 'volumes'),
    staging: join(data, 'staging'),
    trash: join(data, 'trash'),
    lock: join(data, 'lock'),
    driver: join(data, 'driver.json'),
    runContainers: join(run, 'containers'),
    keepers: join(run, 'keepers'),
    keptRuns: join(run, 'kept-runs'),
    logoutNotice: join(run, 'logout-notice'),
    nestingNotice: join(run, 'nesting-notice'),
  };
}
