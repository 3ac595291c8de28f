/** Decides which ids a new container has, and as which user it runs by default. */
import type { ContainerRequest, UserNamespaceRequest } from '@berth/bundle';
import { UnsupportedError } from '@berth/errors';
import {
  callerlessMap,
  freeMap,
  idCount,
  keepIdMap,
  parseIdMap,
  splitMap,
  type ContainerIds,
  type IdMap,
} from '@berth/isolation';
import type { RuntimeSpec } from '@berth/oci';
import type { Engine } from '../engine.ts';
import type { BerthContainer } from './record.ts';

const DEFAULT_AUTO_SIZE = 1024;

/** The decided ids; `ids` is absent where the container uses those of the shared namespace. */
export interface DecidedIds {
  readonly ids?: ContainerIds;
  /** `UID:GID` of keep-id; used when nothing else names a user. */
  readonly user?: string;
}

/**
 * Decides the ids. Throws UsageError for impossible maps, UnsupportedError where there are too few
 * ids.
 */
export function decideIds(engine: Engine, request: ContainerRequest): DecidedIds {
  const { uids, gids } = engine.idMaps;
  const { ids, ...decided } = wantedIds(engine, request);
  if (ids === undefined) return decided;
  return { ...decided, ids: { uids: splitMap(ids.uids, uids), gids: splitMap(ids.gids, gids) } };
}

function wantedIds(engine: Engine, request: ContainerRequest): DecidedIds {
  const { userns } = request;
  if (userns === undefined) return {};
  const { uids, gids, tier } = engine.idMaps;
  if (userns.kind === 'keep-id') {
    if (engine.forRoot) refuseKeepId();
    const uid = userns.uid ?? engine.account.uid;
    const gid = userns.gid ?? engine.account.gid;
    const user = `${uid}:${gid}`;
    if (tier === 'single') return { user };
    const { size } = userns;
    return { user, ids: { uids: keepMap(uid, uids, size), gids: keepMap(gid, gids, size) } };
  }
  if (tier === 'single') {
    throw new UnsupportedError('ONE_ID', `use --userns "${userns.kind}": you have no ids but one`, {
      hint: 'sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "$USER"',
    });
  }
  switch (userns.kind) {
    case 'nomap':
      return { ids: { uids: callerlessMap(idCount(uids)), gids: callerlessMap(idCount(gids)) } };
    case 'names':
      for (const name of [userns.uidName, userns.gidName]) requireOwnName(engine, name);
      return { ids: { uids: callerlessMap(idCount(uids)), gids: callerlessMap(idCount(gids)) } };
    case 'auto':
      return { ids: autoIds(engine, userns) };
    case 'maps':
      return {
        ids: {
          uids: parseIdMap(userns.uids, { shared: uids, flag: '--uidmap' }),
          gids: parseIdMap(userns.gids, { shared: gids, flag: '--gidmap' }),
        },
      };
  }
}

/** Podman refuses this as well. */
function refuseKeepId(): never {
  throw new UnsupportedError('KEEP_ROOT', 'use --userns "keep-id": you are root, and the host\'s '
    + 'uid 0 is never mapped', { hint: 'leave it out: root in the container is the first of the '
    + 'ids for root in /etc/subuid' });
}

/** newuidmap(1) maps only ranges of the caller. */
function requireOwnName({ account }: Engine, name: string): void {
  if (name === account.name || name === String(account.uid)) return;
  throw new UnsupportedError('OTHERS_IDS', `use the subordinate ids of "${name}": you are ` +
    `"${account.name}"`, { hint: `--subuidname ${account.name}, or --userns nomap` });
}

/**
 * Ids that no other container with `--userns=auto` has; the maps that were asked for are put over
 * them.
 */
function autoIds(engine: Engine, { size, uidMaps, gidMaps }: AutoRequest): ContainerIds {
  const { uids, gids } = engine.idMaps;
  const uid = { shared: uids, flag: 'uidmapping' };
  const gid = { shared: gids, flag: 'gidmapping' };
  const asked = [...parseIdMap(uidMaps ?? [], uid), ...parseIdMap(gidMaps ?? [], gid)];
  const total = Math.min(idCount(uids), idCount(gids));
  const base = freeMap(size ?? DEFAULT_AUTO_SIZE, total, [...mapsInUse(engine), ...asked]);
  return {
    uids: parseIdMap(uidMaps ?? [], { ...uid, base }),
    gids: parseIdMap(gidMaps ?? [], { ...gid, base }),
  };
}

type AutoRequest = Extract<UserNamespaceRequest, { kind: 'auto' }>;

/**
 * The ids of the user namespace that the container's processes enter; undefined where they enter
 * none. Processes that may trace others, and that see more than their own processes in a masked
 * /proc, would find the supervisor there, and through it the file system outside. So they get the
 * same ids one user namespace further down. --privileged is left out, to keep its capabilities over
 * mounts and network.
 */
export function processIds(
  engine: Engine,
  { containerIds, request }: BerthContainer,
  { process }: RuntimeSpec,
): ContainerIds | undefined {
  const mayLook = process.capabilities?.bounding.includes('CAP_SYS_PTRACE') === true;
  if (containerIds !== undefined || !mayLook || request.privileged || !engine.isProcMasked) {
    return containerIds;
  }
  const same = (maps: readonly IdMap[]): IdMap[] =>
    maps.map(({ inside, count }) => ({ inside, outside: inside, count }));
  return { uids: same(engine.idMaps.uids), gids: same(engine.idMaps.gids) };
}

/** Ids beyond those that exist are left out. */
function keepMap(id: number, shared: readonly IdMap[], size: number | undefined): IdMap[] {
  const total = idCount(shared);
  return keepIdMap(id, Math.min(size ?? total, total));
}

/** The ids of all containers with `--userns=auto`: they must not share ids with each other. */
function mapsInUse(engine: Engine): IdMap[] {
  return engine.store.containers.records().flatMap((record) => {
    const { containerIds, request } = record as BerthContainer;
    const isAuto = request.userns?.kind === 'auto';
    return isAuto && containerIds !== undefined
      ? [...containerIds.uids, ...containerIds.gids] : [];
  });
}
