/**
 * How the layers of this store become root file systems. The choice is read from the store's
 * record; a new store makes it by trying what its file system can do, never by the file system's
 * name.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  ConflictError, describe, EngineError, SystemError, UnsupportedError, UsageError,
} from '@berth/errors';
import { findProgram, systemErrorFrom } from '@berth/host';
import {
  probeArguments, runHelper, type EnterSettings, type IdMap, type IdMaps,
} from '@berth/isolation';
import {
  fullDiskHint, tellsOfFullDisk,
  type DriverName, type DriverRecord, type OwnerKeeping, type Store,
} from '@berth/storage';

/** What the choice of a driver depends on. */
export interface DriverChoice {
  readonly store: Store;
  /** The value of `--storage-driver`. */
  readonly wanted: DriverName | undefined;
  /** Enters a namespace with all of the user's ids. */
  readonly enter: EnterSettings;
  /** The maps with one id, for a user who can't make a namespace. */
  readonly oneId: () => IdMaps;
  /**
   * Only answer what would be chosen: nothing is made, and what can't be tested is assumed to work.
   */
  readonly isForeseen: boolean;
}

/** What a file system can do. */
interface Ability {
  /** Why no overlay (the kernel's or fuse-overlayfs) can be used; undefined: it works. */
  readonly refusal: string | undefined;
  readonly owners: OwnerKeeping;
}

const DRIVERS: readonly DriverName[] = ['overlay', 'fuse-overlayfs', 'copy'];

/** `--storage-driver`'s value; Podman calls a copy `vfs`. Throws a UsageError for others. */
export function parseDriver(name: string | undefined): DriverName | undefined {
  if (name === 'vfs') return 'copy';
  const known = DRIVERS.find((driver) => driver === name);
  if (known !== undefined || name === undefined) return known;
  throw new UsageError('NO_SUCH_DRIVER',
    `use storage driver "${name}": only ${DRIVERS.map((it) => `"${it}"`).join(', ')} are there`, {
      hint: 'leave --storage-driver out: the store finds out what its file system can do',
    });
}

/**
 * The store's driver. When it had none, one is chosen and recorded, unless it is only foreseen.
 * Throws ConflictError where another driver is wanted, UnsupportedError where the wanted one can't
 * be used.
 */
export function findDriver(choice: DriverChoice): DriverRecord {
  const { store, enter, isForeseen } = choice;
  const read = store.driver.read();
  if (read === undefined && isForeseen) return foresee(choice);
  const known = read ?? store.driver.choose(decide(choice));
  requireSame(choice, known);
  if (isProvisional(known)) return chooseAgain(choice, known);
  if (isForeseen || !known.hadOneId || enter.idMaps.tier === 'single') return known;
  const record = { ...known, owners: probe(choice).owners, hadOneId: false };
  store.driver.replace(record);
  return record;
}

/** What was lacking at the choice may be there now: user namespaces, or fuse-overlayfs. */
function isProvisional({ withoutNamespace, lacksProgram }: DriverRecord): boolean {
  return withoutNamespace === true
    || (lacksProgram === true && findProgram('fuse-overlayfs') !== undefined);
}

/**
 * The driver that the store would get now. It has that one from now on, if its layers have the
 * marks for it: only overlay has marks of its own. Containers keep the driver that they have.
 */
function chooseAgain(choice: DriverChoice, known: DriverRecord): DriverRecord {
  const { store, isForeseen } = choice;
  const record = decide(choice);
  if (record.withoutNamespace === true) return known;
  if (record.driver === 'overlay' && store.layers.list().length > 0) {
    if (known.withoutNamespace !== true) return known;
    const reason = 'images were unpacked here while no user namespace could be made';
    return { ...record, driver: 'copy', hasOldMarks: true, reason };
  }
  if (!isForeseen) store.driver.replace(record);
  return record;
}

/** Throws ConflictError when the wanted driver is not the store's. */
function requireSame({ wanted, store }: DriverChoice, { driver, reason }: DriverRecord): void {
  if (wanted === undefined || wanted === driver) return;
  const why = reason === undefined ? '' : ` (${reason})`;
  throw new ConflictError('OTHER_DRIVER', `use storage driver "${wanted}" in ` +
    `"${store.layout.data}": that store has "${driver}"${why}`, {
    hint: 'leave --storage-driver out, or make another store: berth --root DIRECTORY',
  });
}

function foresee(choice: DriverChoice): DriverRecord {
  try {
    return decide(choice);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const hadOneId = choice.enter.idMaps.tier === 'single';
    return {
      version: 1, driver: choice.wanted ?? 'overlay', owners: hadOneId ? 'xattr' : 'native',
      hadOneId, reason: describe(error),
    };
  }
}

function decide(choice: DriverChoice): DriverRecord {
  try {
    return decideInside(choice);
  } catch (error) {
    if (!isRefusal(error) || choice.wanted === 'overlay') throw error;
    return decideWithout(choice, describe(error));
  }
}

/** What the helper says where no namespace can be made, or where it gives no rights (AppArmor). */
const REFUSALS = /^(create (user|mount) namespace|map ids|become root of the user namespace)\b/;

function isRefusal(error: unknown): error is EngineError {
  return error instanceof EngineError && REFUSALS.test(error.message);
}

/**
 * Images are unpacked all the same. Root of a container has all ids without a namespace; everybody
 * else has one id, and owners are recorded.
 */
function decideWithout(choice: DriverChoice, reason: string): DriverRecord {
  const { enter, oneId } = choice;
  const isSame = ({ inside, outside }: IdMap): boolean => inside === outside;
  const hasIds = enter.idMaps.helpers === undefined
    && enter.idMaps.uids.every(isSame) && enter.idMaps.gids.every(isSame);
  const idMaps = hasIds ? enter.idMaps : oneId();
  const without = { ...choice, enter: { ...enter, idMaps, withoutNamespace: true } };
  const { owners } = probe(without);
  const hadOneId = idMaps.tier === 'single' || owners !== 'native';
  return { version: 1, driver: 'copy', owners, hadOneId, reason, withoutNamespace: true };
}

function decideInside(choice: DriverChoice): DriverRecord {
  const { wanted, enter } = choice;
  const { refusal, owners } = probe(choice);
  const common = { version: 1, owners, hadOneId: enter.idMaps.tier === 'single' } as const;
  if (refusal === undefined && (wanted === undefined || wanted === 'overlay')) {
    return { ...common, driver: 'overlay' };
  }
  if (wanted === 'overlay') {
    throw new UnsupportedError('NO_OVERLAY', `use storage driver "overlay": ${refusal}`, {
      hint: 'leave --storage-driver out, or choose a local disk: berth --root DIRECTORY',
    });
  }
  const reason = refusal ?? 'chosen by --storage-driver';
  if (wanted === 'copy') return { ...common, driver: 'copy', reason };
  const program = findProgram('fuse-overlayfs');
  const failed = tryFuseOverlayfs(choice, owners, program);
  if (failed === undefined) return { ...common, driver: 'fuse-overlayfs', reason };
  if (wanted === undefined) {
    const lacks = program === undefined ? { lacksProgram: true } as const : {};
    return { ...common, driver: 'copy', reason: `${reason}; ${failed}`, ...lacks };
  }
  throw new UnsupportedError('NO_FUSE_OVERLAYFS', `use storage driver "${wanted}": ${failed}`, {
    hint: 'leave --storage-driver out: the store finds out what its file system can do',
  });
}

/** Why fuse-overlayfs can't be the driver; undefined when it can. */
function tryFuseOverlayfs(
  choice: DriverChoice,
  owners: OwnerKeeping,
  program: string | undefined,
): string | undefined {
  if (program === undefined) return 'fuse-overlayfs is not installed';
  // fuse-overlayfs records hidden lower files in attributes, and loses the record at a rename where
  // there are none.
  if (owners === 'ledger') return 'fuse-overlayfs needs user attributes';
  return probe(choice, program).refusal;
}

/** Tries it in a folder where the store is or would be, which is gone afterwards. */
function probe(choice: DriverChoice, fuseOverlayfs?: string): Ability {
  const { store, enter, isForeseen } = choice;
  const folder =
    isForeseen ? folderNear(store.layout.staging) : store.staging.makeDirectory('probe');
  try {
    const said = runHelper(probeArguments(enter, folder, fuseOverlayfs)).toString();
    const [overlay = '', owners = ''] = said
      .split('\n').filter((line) => !line.startsWith('hint: '));
    const refusal = overlay === 'ok' ? undefined
      : overlay.replace(/^Error: /, '').replace(` "${folder}/upper"`, '');
    // Then nothing is known of the file system, and the choice would last.
    if (refusal !== undefined && tellsOfFullDisk(refusal)) {
      throw new SystemError('DISK_FULL', `try what "${store.layout.data}" can do: ${refusal}`, {
        hint: fullDiskHint(store.layout.data),
      });
    }
    return { refusal, owners: owners as OwnerKeeping };
  } finally {
    rmSync(isForeseen ? dirname(folder) : folder, { recursive: true, force: true });
  }
}

/** In a folder of its own, where who probes it may remove it. */
function folderNear(path: string): string {
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  try {
    const own = mkdtempSync(join(there, '.berth-probe-'));
    mkdirSync(join(own, 'store'));
    return join(own, 'store');
  } catch (error) {
    throw systemErrorFrom(error, 'make directory', there);
  }
}
