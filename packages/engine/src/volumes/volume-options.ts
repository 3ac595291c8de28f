/**
 * What kind of volume the options of `volume create -o` make: a folder of the store, a folder of
 * the machine (`type=none`, `o=bind`, `device=FOLDER`) or files in memory (`type=tmpfs`). All
 * other kinds need root of the machine, and are refused when the volume is made.
 */
import type { VolumeSource } from '@berth/bundle';
import { UnsupportedError, UsageError } from '@berth/errors';
import type { Engine } from '../engine.ts';

type Options = Readonly<Record<string, string>>;

/** Ids as containers see them; undefined means not given. */
export interface VolumeOwner {
  uid: number | undefined;
  gid: number | undefined;
}

const KEYS = ['type', 'device', 'o', 'copy', 'nocopy'];
const BIND_WORDS = new Set(['bind', 'rbind']);
const MOUNT_WORDS = new Set([
  ...BIND_WORDS, 'defaults', 'ro', 'rw', 'suid', 'nosuid', 'dev', 'nodev', 'exec', 'noexec',
  'noatime', 'relatime', 'private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared',
]);
const TMPFS_WORD = /^(size=\d+[kmgt%]?|nr_inodes=\d+[kmgt]?|inodes=\d+[kmgt]?|mode=[0-7]{1,4})$/i;
const OWNER_WORD = /^(uid|gid)=(.*)$/;

/** Throws UsageError for unknown options, UnsupportedError for mounts that only root can make. */
export function requireUsable(options: Options): void {
  const odd = Object.keys(options).find((key) => !KEYS.includes(key));
  if (odd !== undefined) {
    throw new UsageError('BAD_VOLUME_OPTION', `make a volume with -o ${odd}: no such option`, {
      hint: `options are ${KEYS.join(', ')}`,
    });
  }
  const { type = '', device = '' } = options;
  if (isBind(options)) {
    requireFolder(device);
  } else if (type !== 'tmpfs' && (type !== '' || device !== '')) {
    throw refusedType(type === '' ? device : type);
  }
  ownerOfOptions(options);
  words(options).forEach((word) => requireWord(word, options));
}

function refusedType(type: string): UnsupportedError {
  const isNone = type === 'none' || type === 'bind';
  const reason = isNone ? 'what is to be bound is missing' : 'only root of the machine mounts that';
  return new UnsupportedError('VOLUME_TYPE', `make a volume of "${type}": ${reason}`, {
    hint: isNone
      ? '-o type=none -o o=bind -o device=FOLDER'
      : 'have it mounted, then -o type=none -o o=bind -o device=FOLDER; or -o type=tmpfs',
  });
}

function requireFolder(device: string): void {
  if (device.startsWith('/')) return;
  throw new UsageError('BAD_VOLUME_DEVICE', `bind "${device}" as a volume: not an absolute path`, {
    hint: '-o type=none -o o=bind -o device=/FOLDER',
  });
}

function requireWord(word: string, options: Options): void {
  const isTmpfs = options['type'] === 'tmpfs';
  if (OWNER_WORD.test(word) && !isBind(options)) return;
  if (MOUNT_WORDS.has(word) && (isTmpfs ? !BIND_WORDS.has(word) : isBind(options))) return;
  if (TMPFS_WORD.test(word) && isTmpfs) return;
  const isQuota = /^(size|inodes|noquota)(=|$)/.test(word) && !isTmpfs;
  throw new UnsupportedError(
    'VOLUME_OPTIONS',
    `make a volume with -o o=${word}: ${isQuota
      ? 'only root of the machine limits the size of a folder' : 'not an option of such a volume'}`,
    {
      hint: isQuota
        ? `-o type=tmpfs -o device=tmpfs -o o=${word} limits files in memory`
        : 'o has bind, ro, nosuid, nodev, noexec; of tmpfs size=, mode=; of both uid=, gid=',
    },
  );
}

/** The owner in `o=uid=…,gid=…`. Throws UsageError for a text that is no id. */
export function ownerOfOptions(options: Options): VolumeOwner {
  const owner: VolumeOwner = { uid: undefined, gid: undefined };
  for (const word of words(options)) {
    const [, key, value = ''] = OWNER_WORD.exec(word) ?? [];
    if (key !== 'uid' && key !== 'gid') continue;
    if (!/^\d{1,10}$/.test(value)) {
      throw new UsageError('BAD_VOLUME_OWNER', `make a volume with -o o=${word}: not a number`);
    }
    owner[key] = Number(value);
  }
  return owner;
}

/**
 * The options as they are stored and shown. Podman repeats the owner and the size there. A volume
 * in memory also gets the owner that the flags name; a folder of the machine keeps its own. Throws
 * UsageError.
 */
export function storedOptions(options: Options, owner: VolumeOwner): Record<string, string> {
  const given = Object.entries(owner).flatMap(([key, id]) =>
    (id === undefined ? [] : [`${key}=${id}`]));
  if (given.length > 0 && isBind(options)) {
    throw new UsageError('BAD_VOLUME_OWNER', 'give a bound folder an owner: it keeps its own', {
      hint: '-v NAME:PATH:U gives it to the user of a container',
    });
  }
  const all = [...words(options), ...given];
  const o = options['type'] === 'tmpfs' && given.length > 0 ? { o: all.join(',') } : {};
  const told = words({ ...options, ...o }).flatMap((word): [string, string][] => {
    const [, key, value] = /^(uid|gid|size)=(.*)$/.exec(word) ?? [];
    return key === undefined || value === undefined ? [] : [[key.toUpperCase(), value]];
  });
  return { ...options, ...o, ...Object.fromEntries(told) };
}

/** True for a volume that is a folder of the store, whose content is kept. */
export function isOwnFolder(options: Options): boolean {
  return options['type'] !== 'tmpfs' && !isBind(options);
}

/** Those volumes that are filled from the image when they are new. */
export function filledVolumes<T extends { volume: string }>(
  { store }: Engine,
  volumes: readonly T[],
): (T & { isOwned?: boolean })[] {
  return volumes.flatMap((one) => {
    const { options = {}, isOwned = false } = store.volumes.find(one.volume) ?? {};
    const isFilled = isOwnFolder(options) && options['nocopy'] === undefined;
    return isFilled ? [isOwned ? { ...one, isOwned } : one] : [];
  });
}

/** What a volume is mounted from, even if it is not made yet. */
export function volumeSource({ store }: Engine, name: string): VolumeSource {
  const options = store.volumes.find(name)?.options ?? {};
  if (options['type'] === 'tmpfs') {
    const isEmpty = options['nocopy'] !== undefined;
    return { type: 'tmpfs', options: [...tmpfsWords(options), ...(isEmpty ? ['nocopy'] : [])] };
  }
  if (!isBind(options)) return { type: 'folder', path: store.volumes.dataPath(name), options: [] };
  const own = words(options).filter((word) => word !== 'defaults');
  return { type: 'folder', path: options['device'] ?? '', options: own };
}

/** The options with the kernel's names. */
function tmpfsWords(options: Options): string[] {
  const idle = /^(defaults|r?(private|slave|shared))$/;
  return words(options)
    .filter((word) => !idle.test(word))
    .map((word) => word.replace(/^inodes=/, 'nr_inodes='));
}

function isBind(options: Options): boolean {
  const { type = '' } = options;
  const binds = words(options).some((word) => BIND_WORDS.has(word));
  return ['', 'none', 'bind'].includes(type) && options['device'] !== undefined
    && (binds || type === 'bind');
}

function words({ o = '' }: Options): string[] {
  return o.split(',').filter((word) => word !== '');
}
