/** `--userns auto`: ids that no other such container has, as many as the image's accounts need. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import type { UserNamespaceRequest } from '@berth/bundle';
import { UnsupportedError } from '@berth/errors';
import { loadSyscalls, OPEN, RESOLVE } from '@berth/host';
import { freeMap, idCount, parseIdMap, type ContainerIds, type IdMap } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import { mountedLayers } from '../images/mounted-layers.ts';
import type { BerthContainer } from './record.ts';

const DEFAULT_SIZE = 1024;
/** Nobody stands for all ids that are not mapped; no image has files for it. */
const NOBODY = 65_534;
const MAX_FILE_BYTES = 1024 * 1024;

/** What the number of ids depends on. */
export interface AutoWish {
  readonly userns: Extract<UserNamespaceRequest, { kind: 'auto' }>;
  readonly diffIds: readonly string[];
  /** `UID[:GID]` or a name; empty is root. */
  readonly user: string;
}

/**
 * Ids that no other container with `--userns=auto` has; the maps that were asked for are put over
 * them. Throws UnsupportedError where there are too few.
 */
export function autoIds(engine: Engine, wish: AutoWish): ContainerIds {
  const { size, uidMaps, gidMaps } = wish.userns;
  const { uids, gids } = engine.idMaps;
  const uid = { shared: uids, flag: 'uidmapping' };
  const gid = { shared: gids, flag: 'gidmapping' };
  const asked = [...parseIdMap(uidMaps ?? [], uid), ...parseIdMap(gidMaps ?? [], gid)];
  const total = Math.min(idCount(uids), idCount(gids));
  const taken = [...mapsInUse(engine), ...asked];
  const base = size !== undefined && size > 0
    ? freeMap(size, total, taken) : mapForAccounts(engine, wish, { total, taken });
  return {
    uids: parseIdMap(uidMaps ?? [], { ...uid, base }),
    gids: parseIdMap(gidMaps ?? [], { ...gid, base }),
    isExclusive: true,
  };
}

/** Where not enough ids are free for all accounts of the image, those of the user must do. */
function mapForAccounts(
  engine: Engine,
  { diffIds, user }: AutoWish,
  { total, taken }: { total: number; taken: readonly IdMap[] },
): IdMap[] {
  const least = Math.max(DEFAULT_SIZE, ...user.split(':').map(sizeFor));
  const wanted = Math.max(least, ...accountIds(engine, diffIds).map(sizeFor));
  try {
    return freeMap(wanted, total, taken);
  } catch (error) {
    if (wanted === least || !(error instanceof UnsupportedError)) throw error;
    return freeMap(least, total, taken);
  }
}

function sizeFor(id: string): number {
  return /^\d{1,9}$/.test(id) && Number(id) !== NOBODY ? Number(id) + 1 : 0;
}

/** The uids and gids in the image's passwd and group. */
function accountIds(engine: Engine, diffIds: readonly string[]): string[] {
  return ['etc/passwd', 'etc/group'].flatMap((path) =>
    textOfImage(engine, diffIds, path).split('\n').flatMap((line) => line.split(':').slice(2, 4))
      .filter((field) => /^\d+$/.test(field)));
}

/** The file of the topmost layer that has it; empty if none does or it is no regular file. */
function textOfImage(engine: Engine, diffIds: readonly string[], path: string): string {
  for (const diffId of mountedLayers(diffIds)) {
    const text = textBelow(engine.store.layers.treePath(diffId), path);
    if (text !== undefined) return text;
  }
  return '';
}

/** Follows no link: the image chose what is there. */
function textBelow(tree: string, path: string): string | undefined {
  const syscalls = loadSyscalls();
  const root = syscalls.open(tree, OPEN.RDONLY | OPEN.DIRECTORY | OPEN.CLOEXEC);
  if (root < 0) return undefined;
  const fd = syscalls.openat2(root, path, {
    flags: OPEN.RDONLY | OPEN.NONBLOCK | OPEN.CLOEXEC,
    resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS,
  });
  syscalls.close(root);
  if (fd < 0) return undefined;
  try {
    if (!fstatSync(fd).isFile()) return '';
    const content = Buffer.alloc(MAX_FILE_BYTES);
    return content.toString('latin1', 0, readSync(fd, content, 0, MAX_FILE_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

/** The ids of all containers with `--userns=auto`: they must not share ids with each other. */
function mapsInUse(engine: Engine): IdMap[] {
  return engine.store.containers.records().flatMap((record) => {
    const { containerIds, request } = record as BerthContainer;
    const isExclusive = request.userns?.kind === 'auto' || containerIds?.isExclusive === true;
    return isExclusive && containerIds !== undefined
      ? [...containerIds.uids, ...containerIds.gids] : [];
  });
}
