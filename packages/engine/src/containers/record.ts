/**
 * The part of a container that never changes, in containers/<id>/config.json: what was asked for,
 * and what was decided at creation. Everything that changes is derived from facts.
 */
import type { ContainerRequest } from '@berth/bundle';
import type { ContainerIds } from '@berth/isolation';
import type { AssignedPort, NetworkKind } from '@berth/network';
import type { ContainerRecord, DriverName } from '@berth/storage';

/** The container's record. The storage package reads only its own part of it. */
export interface BerthContainer extends ContainerRecord {
  readonly request: ContainerRequest;
  /** The words that are run, including the image's defaults. */
  readonly command: readonly string[];
  /** The image's own exposed ports, `PORT/PROTOCOL`. */
  readonly exposedPorts: readonly string[];
  readonly ports: readonly AssignedPort[];
  readonly network: NetworkKind;
  /**
   * The user to run as, looked up in the container at each start, e.g. `postgres` or `1000:1000`.
   */
  readonly user: string;
  /**
   * The ids that `--userns` and similar flags chose; absent: those of the shared user namespace.
   */
  readonly containerIds?: ContainerIds;
  /** Account lines for users that the image may not know; absent in records of older versions. */
  readonly accounts?: readonly { file: string; id: number; line: string }[];
  /** Absent: the root file system is the kernel's overlay of its layers. */
  readonly driver?: Exclude<DriverName, 'overlay'>;
  /** The container was made where only one id is mapped. */
  readonly emulatesRoot?: boolean;
  readonly stopSignal: number;
  readonly stopTimeoutSeconds: number;
  readonly log: {
    driver: 'k8s-file' | 'json-file' | 'none' | 'passthrough';
    maxSizeBytes: number;
    maxFiles: number;
    path: string;
  };
  /** Volumes made for this container only; they are removed with it. */
  readonly anonymousVolumes: readonly string[];
  /**
   * Volumes to fill from the image at the first start; a volume made for an owner (`isOwned`) keeps
   * it.
   */
  readonly copyUps: readonly { target: string; volume: string; isOwned?: boolean }[];
  /** The namespaces that this container joins: namespace name to the id of the other container. */
  readonly joins: Readonly<Record<string, string>>;
  readonly platform: string;
}
