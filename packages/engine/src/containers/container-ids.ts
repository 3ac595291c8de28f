/** Decides which ids a new container has, and as which user it runs by default. */
import type { ContainerRequest } from '@berth/bundle';
import { UnsupportedError, UsageError } from '@berth/errors';
import {
  callerlessMap,
  idCount,
  keepIdMap,
  parseIdMap,
  splitMap,
  type ContainerIds,
  type IdMap,
} from '@berth/isolation';
import type { ImageConfig, RuntimeSpec } from '@berth/oci';
import type { Engine } from '../engine.ts';
import { autoIds } from './auto-ids.ts';
import type { BerthContainer } from './record.ts';

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
export function decideIds(
  engine: Engine,
  request: ContainerRequest,
  image: ImageConfig,
): DecidedIds {
  const { uids, gids } = engine.idMaps;
  const { ids, ...decided } = wantedIds(engine, request, image);
  if (ids === undefined) return decided;
  const split = { uids: splitMap(ids.uids, uids), gids: splitMap(ids.gids, gids) };
  requireUser(request.user ?? decided.user ?? image.user, split);
  return { ...decided, ids: { ...ids, ...split } };
}

/** The first process needs ids of the container. Names are looked up only as it starts. */
function requireUser(user: string, { uids, gids }: ContainerIds): void {
  const [uid = '', gid] = user.split(':');
  requireMapped(uid === '' || uid === 'root' ? '0' : uid, uids, 'user');
  if (gid !== undefined) requireMapped(gid, gids, 'group');
}

function requireMapped(id: string, maps: readonly IdMap[], kind: 'user' | 'group'): void {
  if (!/^\d{1,10}$/.test(id)) return;
  const number = Number(id);
  if (maps.some(({ inside, count }) => number >= inside && number < inside + count)) return;
  throw new UsageError('UNMAPPED_ID', `run as ${kind} "${id}": the container has no such id`, {
    hint: `map it too, or choose another with --user: ${kind} ids are ${describeIds(maps)}`,
  });
}

function describeIds(maps: readonly IdMap[]): string {
  return maps.map(({ inside, count }) =>
    count === 1 ? `${inside}` : `${inside}-${inside + count - 1}`).join(', ');
}

function wantedIds(engine: Engine, request: ContainerRequest, image: ImageConfig): DecidedIds {
  const { userns } = request;
  if (userns === undefined) return {};
  if (userns.kind === 'container') return idsOf(engine, userns.value);
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
      return {
        ids: autoIds(engine, {
          userns, diffIds: image.diffIds, user: request.user ?? image.user,
        }),
      };
    case 'maps':
      return {
        ids: {
          uids: mapOf(userns.uids, { shared: uids, flag: '--uidmap' }),
          gids: mapOf(userns.gids, { shared: gids, flag: '--gidmap' }),
        },
      };
  }
}

/** Where all maps are for the other kind of ids (`u…` or `g…`), these are the default ones. */
function mapOf(texts: readonly string[], place: { shared: IdMap[]; flag: string }): IdMap[] {
  return texts.length > 0
    ? parseIdMap(texts, place) : [{ inside: 0, outside: 0, count: idCount(place.shared) }];
}

/** The ids of another container. Throws NotFoundError if there is none. */
function idsOf({ store }: Engine, name: string): DecidedIds {
  const { containerIds } = store.containers.record(
    store.containers.resolve(name)) as BerthContainer;
  return containerIds === undefined ? {} : { ids: containerIds };
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
