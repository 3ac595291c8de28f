/**
 * The owners of a container's files as its own processes see them. The kernel shows ids of the
 * shared user namespace; a container with a map of its own sees others, and if one id is mapped
 * the owners are recorded beside the files.
 */
import type { MergedFile } from './merged-tree.ts';
import { OwnerRecords } from './owner-records.ts';
import type { Owner, OwnerSources } from './owner-records.ts';

/** Ids of a container, and of the shared namespace. */
interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Where owners come from. */
export type OwnerSource =
  | ({ readonly kind: 'records' } & OwnerSources)
  /** This map applies to files of the topmost folder; files of layers have their images' owners. */
  | { readonly kind: 'map'; readonly uids: readonly IdRange[]; readonly gids: readonly IdRange[] };

/** Finds the owners of files, each in the current directory. */
export interface FileOwners {
  /** Whether devices are recorded too. */
  readonly areRecorded: boolean;
  ownerOf(file: MergedFile): Owner;
}

/** The kernel's overflow id: /proc/sys/kernel/overflowuid. */
const NOBODY = 65534;

/** Reads the recorded owners; undefined: the kernel's owners are right. */
export function fileOwners(source: OwnerSource | undefined): FileOwners {
  if (source?.kind === 'records') {
    const records = new OwnerRecords(source);
    return {
      areRecorded: true,
      ownerOf: ({ name, path, status }) => records.ownerOf(name, path, status),
    };
  }
  const { uids, gids } = source ?? {};
  const mapped = (id: bigint, map: readonly IdRange[] | undefined): number =>
    map === undefined ? Number(id) : insideOf(Number(id), map);
  return {
    areRecorded: false,
    ownerOf: ({ status, folder }) => folder === 0
      ? { uid: mapped(status.uid, uids), gid: mapped(status.gid, gids) }
      : { uid: Number(status.uid), gid: Number(status.gid) },
  };
}

function insideOf(id: number, map: readonly IdRange[]): number {
  const range = map.find(({ outside, count }) => id >= outside && id < outside + count);
  return range === undefined ? NOBODY : range.inside + id - range.outside;
}
