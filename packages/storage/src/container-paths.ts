/** The files of one container; docs/state.md says who writes and reads each. */
import { join } from 'node:path';
import type { Layout } from './layout.ts';

/** Absolute paths of the files of one container, whether they exist or not. */
export interface ContainerPaths {
  readonly directory: string;
  readonly config: string;
  readonly spec: string;
  readonly plan: string;
  readonly lock: string;
  readonly summary: string;
  readonly runs: string;
  readonly upper: string;
  readonly work: string;
  /** The whole root file system, if the container has a copy. */
  readonly root: string;
  readonly log: string;
  readonly hosts: string;
  readonly resolvConf: string;
  readonly hostname: string;
  readonly containerEnv: string;
  readonly aptConfig: string;
  /** The ledger of owners, if only one id is mapped. */
  readonly owners: string;
  /** For runs that this command starts; for a run in progress see run-directory.ts. */
  readonly runDirectory: string;
}

/** The paths of the container `id`. Does no I/O. */
export function pathsOf(layout: Layout, id: string): ContainerPaths {
  const directory = join(layout.containers, id);
  return {
    directory,
    config: join(directory, 'config.json'),
    spec: join(directory, 'spec.json'),
    plan: join(directory, 'plan'),
    lock: join(directory, 'lock'),
    summary: join(directory, 'summary'),
    runs: join(directory, 'runs'),
    upper: join(directory, 'upper'),
    work: join(directory, 'work'),
    root: join(directory, 'root'),
    log: join(directory, 'log'),
    hosts: join(directory, 'hosts'),
    resolvConf: join(directory, 'resolv.conf'),
    hostname: join(directory, 'hostname'),
    containerEnv: join(directory, 'containerenv'),
    aptConfig: join(directory, 'apt.conf'),
    owners: join(directory, 'owners'),
    runDirectory: join(layout.runContainers, id),
  };
}
