/**
 * The engine's context: the store, the directories and what is known of the host. Everything is
 * found out when it is first asked for, because most commands need little of it.
 */
import {
  currentAccount,
  findDirectories,
  findMapHelpers,
  findSubordinateIds,
  type Account,
  type Directories,
} from '@berth/host';
import {
  chooseIdMaps,
  runHelper,
  removeArguments,
  type EnterSettings,
  type IdMaps,
} from '@berth/isolation';
import { UsageError } from '@berth/errors';
import { openStore, type ResolveOptions, type Store } from '@berth/storage';
import { loadRegistriesConfig } from '@berth/transport';
import type { Report } from './progress.ts';

/** What the global flags choose; undefined is the default. */
export interface EngineOptions {
  root?: string | undefined;
  runroot?: string | undefined;
  storageDriver?: string | undefined;
  report?: Report | undefined;
  /** New layers are not linked to others, which may be damaged. */
  keepsLayersApart?: boolean | undefined;
}

/** The context of all operations; its parts are made when they are first asked for. */
export interface Engine {
  readonly options: EngineOptions;
  readonly directories: Directories;
  readonly store: Store;
  readonly account: Account;
  readonly idMaps: IdMaps;
  /** How programs are run as root of the user's namespace. */
  readonly enter: EnterSettings;
  readonly report: Report;
}

/**
 * An engine; nothing is read or made before it is used. Throws UsageError for a storage driver
 * that is not there.
 */
export function openEngine(options: EngineOptions): Engine {
  requireDriver(options.storageDriver);
  const directories = lazily(() =>
    findDirectories({ root: options.root, runRoot: options.runroot }),
  );
  const account = lazily(currentAccount);
  const idMaps = lazily(() => findIdMaps(account()));
  const enter = (): EnterSettings => ({
    idMaps: idMaps(),
    keepersDirectory: store().layout.keepers,
    mountNamespace: false,
  });
  const store = lazily(() => openStore(directories(), { shortNames }));
  return {
    options,
    get directories() {
      return directories();
    },
    get store() {
      return store();
    },
    get account() {
      return account();
    },
    get idMaps() {
      return idMaps();
    },
    get enter() {
      return enter();
    },
    report: options.report ?? (() => undefined),
  };
}

function requireDriver(name: string | undefined): void {
  if (name === undefined || name === 'overlay') return;
  throw new UsageError('NO_SUCH_DRIVER', `use storage driver "${name}": only "overlay" is there`, {
    hint: 'leave --storage-driver out',
  });
}

function lazily<T>(find: () => T): () => T {
  let found: { value: T } | undefined;
  return () => (found ??= { value: find() }).value;
}

function findIdMaps(account: Account): IdMaps {
  const ids = findSubordinateIds(account);
  const helpers = findMapHelpers();
  return chooseIdMaps({
    uid: account.uid,
    gid: account.gid,
    uidRanges: ids.uids,
    gidRanges: ids.gids,
    newuidmap: helpers?.newuidmap,
    newgidmap: helpers?.newgidmap,
  });
}

/** Removes trees that hold files of subordinate ids, as root of the user's namespace. */
export async function removeTrees(engine: Engine, paths: readonly string[]): Promise<void> {
  if (paths.length > 0) {
    runHelper(removeArguments(engine.enter, paths));
  }
}

/** Empties the trash and gives up what nothing uses; answers the bytes that this freed. */
export async function collectGarbage(engine: Engine): Promise<number> {
  const report = await engine.store.collect({
    removeTrees: (paths) => removeTrees(engine, paths),
  });
  return report.reclaimedBytes;
}

/** Throws a UsageError for a registries.conf that can't be understood. */
function shortNames(): ResolveOptions {
  const { aliases, searchRegistries, shortNameMode } = loadRegistriesConfig();
  return {
    aliases: shortNameMode === 'disabled' ? {} : Object.fromEntries(aliases),
    searchRegistries,
  };
}
