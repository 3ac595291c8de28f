/**
 * The part of a container that never changes, in containers/<id>/config.json: what was asked for,
 * and what was decided at creation. Everything that changes is derived from facts.
 */
import type { ContainerRequest } from '@berth/bundle';
import type { ContainerIds } from '@berth/isolation';
import type { AssignedPort, NetworkKind } from '@berth/network';
import type { ContainerRecord, DriverName } from '@berth/storage';

/** The record; storage reads its own part of it and keeps the rest unread. */
export interface BerthContainer extends ContainerRecord {
  readonly request: ContainerRequest;
  /** What runs, image defaults included. */
  readonly command: readonly string[];
  /** The image's own exposed ports, `PORT/PROTOCOL`. */
  readonly exposedPorts: readonly string[];
  readonly ports: readonly AssignedPort[];
  readonly network: NetworkKind;
  /** What the container's USER resolves from, e.g. `postgres` or `1000:1000`. */
  readonly user: string;
  /** Of `--userns` and the like; absent: those of the shared user namespace. */
  readonly containerIds?: ContainerIds;
  /** Users whom the image may not know; absent in records of older versions. */
  readonly accounts?: readonly { file: string; id: number; line: string }[];
  /** Absent: the kernel's overlay of its layers is its root file system. */
  readonly driver?: Exclude<DriverName, 'overlay'>;
  /** Made where only one id is mapped. */
  readonly emulatesRoot?: boolean;
  readonly stopSignal: number;
  readonly stopTimeoutSeconds: number;
  readonly log: {
    driver: 'k8s-file' | 'json-file' | 'none' | 'passthrough';
    maxSizeBytes: number;
    maxFiles: number;
    path: string;
  };
  /** Volumes made for this container alone; they go with it. */
  readonly anonymousVolumes: readonly string[];
  /** Volumes to fill from the image at the first start; what was made for an owner stays theirs. */
  readonly copyUps: readonly { target: string; volume: string; isOwned?: boolean }[];
  /** Containers whose namespaces this one joins: name of the namespace to container id. */
  readonly joins: Readonly<Record<string, string>>;
  readonly platform: string;
}
