/** Which ids a new container has, and who it runs as when nobody says. */
import type { ContainerRequest } from '@berth/bundle';
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

/** The decided ids; `ids` is absent where the container has those of the shared namespace. */
export interface DecidedIds {
  readonly ids?: ContainerIds;
  /** `UID:GID` of keep-id, for when neither flag nor anything else names a user. */
  readonly user?: string;
}

/** Throws a UsageError for maps that can't be, and an UnsupportedError where ids are missing. */
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
    case 'auto': {
      const size = userns.size ?? DEFAULT_AUTO_SIZE;
      const total = Math.min(idCount(uids), idCount(gids));
      const map = freeMap(size, total, mapsInUse(engine));
      return { ids: { uids: map, gids: map } };
    }
    case 'maps':
      return {
        ids: {
          uids: parseIdMap(userns.uids, uids, 'uidmap'),
          gids: parseIdMap(userns.gids, gids, 'gidmap'),
        },
      };
  }
}

/**
 * The ids that processes of a container enter a user namespace with; undefined: none of its own.
 * Who may look into other processes, and sees more than its own in a masked /proc, would find the
 * supervisor there, and with it the file system outside: it gets the same ids one namespace below.
 * --privileged keeps its capabilities over mounts and network instead.
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

/** What is beyond the ids that there are is left out. */
function keepMap(id: number, shared: readonly IdMap[], size: number | undefined): IdMap[] {
  const total = idCount(shared);
  return keepIdMap(id, Math.min(size ?? total, total));
}

/** The caller in passwd and group, at home where the container starts, as Podman has him. */
export function accountsOf(engine: Engine, user: string, { process }: RuntimeSpec) {
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  const { name } = engine.account;
  return [
    { file: '/etc/passwd', id: uid, line: `${name}:*:${uid}:${gid}::${process.cwd}:/bin/sh` },
    { file: '/etc/group', id: gid, line: `${name}:x:${gid}:` },
  ];
}

/** An id of a container that asked for its own must not be an id of another such. */
function mapsInUse(engine: Engine): IdMap[] {
  return engine.store.containers.records().flatMap((record) => {
    const { containerIds, request } = record as BerthContainer;
    const isAuto = request.userns?.kind === 'auto';
    return isAuto && containerIds !== undefined
      ? [...containerIds.uids, ...containerIds.gids] : [];
  });
}
