/** Who owns a new volume: `volume create --uid --gid`, in ids as containers see them. */
import { chownSync } from 'node:fs';
import { UnsupportedError, UsageError } from '@berth/errors';
import { enterArguments, programCommand, runHelper, type IdMap } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import type { VolumeOwner } from './volume-options.ts';

/** The name of the worker that giveVolume() starts. */
export const GIVE_WORKER = 'give';

/** Throws for an id that no container has; UnsupportedError where containers have only one id. */
export function requireMapped(engine: Engine, { uid = 0, gid = 0 }: VolumeOwner): void {
  const { uids, gids, tier } = engine.idMaps;
  const odd = isMapped(uids, uid) ? isMapped(gids, gid) ? undefined : gid : uid;
  if (odd === undefined) return;
  if (tier === 'single') {
    throw new UnsupportedError('ONE_ID', `give a volume to id ${odd}: there is one id here`, {
      hint: 'leave the owner out; "berth doctor" says how to get more ids',
    });
  }
  throw new UsageError('BAD_VOLUME_OWNER', `give a volume to id ${odd}: no container has it`, {
    hint: 'berth unshare cat /proc/self/uid_map shows which ids there are',
  });
}

function isMapped(maps: readonly IdMap[], id: number): boolean {
  return maps.some(({ inside, count }) => id >= inside && id < inside + count);
}

/** The folder belongs to the owner. Only root of the user's namespace may change that. */
export function giveVolume(engine: Engine, folder: string, owner: VolumeOwner): void {
  const { uid = 0, gid = 0 } = owner;
  const worker = [...programCommand(), '__worker', GIVE_WORKER, String(uid), String(gid), folder];
  runHelper(enterArguments(engine.enter, worker));
}

/** Runs as the worker; answers its exit status. */
export function runGiveWorker([uid, gid, folder = '']: readonly string[]): number {
  chownSync(folder, Number(uid), Number(gid));
  return 0;
}
