/**
 * The engine's context: the store, the directories and the facts of the host. Each fact is found
 * out when it is first asked for, because most commands need only a few.
 */
import {
  actsForRoot,
  commonIds,
  currentAccount,
  findAccount,
  findDirectories,
  findMapHelpers,
  findRootIds,
  findSubordinateIds,
  ignoreRelativeFolders,
  isBelowRoot,
  isRootMighty,
  isProcMasked,
  readOwnNamespace,
  type Account,
  type Directories,
  type MapHelpers,
  type OwnNamespace,
} from '@berth/host';
import {
  chooseIdMaps,
  runHelper,
  removeArguments,
  type EnterSettings,
  type IdMaps,
} from '@berth/isolation';
import {
  openStore, type CollectOptions, type DriverRecord, type ResolveOptions, type Store,
} from '@berth/storage';
import { loadRegistriesConfig, type RegistriesConfig } from '@berth/transport';
import type { Report } from './progress.ts';
import { findDriver, parseDriver } from './storage-driver.ts';

/** What the global flags choose; undefined is the default. */
export interface EngineOptions {
  root?: string | undefined;
  runroot?: string | undefined;
  storageDriver?: string | undefined;
  report?: Report | undefined;
  /**
   * Nothing is made. When the store has no driver yet, the one that would be chosen is answered.
   */
  onlyLooks?: boolean | undefined;
  /** New layers share no files with other layers, which may be damaged. */
  keepsLayersApart?: boolean | undefined;
}

/** The context of all operations; its parts are made when they are first asked for. */
export interface Engine {
  readonly options: EngineOptions;
  readonly directories: Directories;
  readonly store: Store;
  readonly account: Account;
  /** The caller is the machine's root. */
  readonly forRoot: boolean;
  /**
   * The runtime directory of the caller's login, where systemd has its sockets; undefined for
   * containers of root.
   */
  readonly runtimeDirectory: string | undefined;
  /** The user namespace that this process is in. */
  readonly namespace: OwnNamespace;
  /**
   * This process is in a container with a masked /proc; nothing below it can have a /proc of its
   * own.
   */
  readonly isProcMasked: boolean;
  /** newuidmap(1) and newgidmap(1), where they can be used. */
  readonly mapHelpers: MapHelpers | undefined;
  /** How the store makes root file systems; it is chosen at first use, and then kept. */
  readonly driver: DriverRecord;
  /** The id maps of containers; only one id where the store can't keep files of other ids. */
  readonly idMaps: IdMaps;
  /** How programs are run as root of the user's namespace. */
  readonly enter: EnterSettings;
  readonly report: Report;
  /** Read once: CONTAINERS_REGISTRIES_CONF may name a pipe. Throws UsageError if it is no TOML. */
  readonly registries: () => RegistriesConfig;
  /** True as long as the user was told nothing and registries.conf was not used. */
  isSilent(): boolean;
}

/**
 * An engine. Nothing is read or made before it is needed. Throws UsageError for an unknown storage
 * driver.
 */
export function openEngine(options: EngineOptions): Engine {
  settleSurroundings();
  const wanted = parseDriver(options.storageDriver);
  const forRoot = lazily(() => isForRoot(namespace));
  const directories = lazily(() => chosenDirectories(options, forRoot() || isBelowRoot()));
  const account = lazily(callersAccount);
  const namespace = lazily(() => readOwnNamespace());
  const masked = lazily(() => isProcMasked(namespace().isWhole));
  const helpers = lazily(() => helpersFor(namespace(), masked()));
  const allIds = lazily(() => findIdMaps(account(), namespace(), helpers()));
  const oneId = (): IdMaps => oneIdMap(account(), namespace());
  const driver = lazily(() => findDriver({
    store: store(), wanted, enter: enterSettings(store(), allIds()), oneId,
    isForeseen: options.onlyLooks === true,
  }));
  const idMaps = lazily(() => driver().owners === 'native' ? allIds() : oneId());
  const talk = followTalk(options.report);
  const registries = lazily(() => loadRegistriesConfig());
  const names = talk.noting(() => shortNames(registries()));
  const store = lazily(() => openStore(directories(), { shortNames: names }));
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
    get forRoot() {
      return forRoot();
    },
    get runtimeDirectory() {
      return forRoot() || isBelowRoot() ? undefined : process.env['XDG_RUNTIME_DIR'];
    },
    get namespace() {
      return namespace();
    },
    get isProcMasked() {
      return masked();
    },
    get mapHelpers() {
      return helpers();
    },
    get driver() {
      return driver();
    },
    get idMaps() {
      return idMaps();
    },
    get enter() {
      return enterSettings(store(), idMaps(), driver().withoutNamespace);
    },
    registries,
    report: talk.report,
    isSilent: talk.isSilent,
  };
}

/** How programs become root of a namespace with these ids. */
export function enterSettings(
  { layout }: Store, idMaps: IdMaps, withoutNamespace: boolean = false,
): EnterSettings {
  return { idMaps, keepersDirectory: layout.keepers, mountNamespace: false, withoutNamespace };
}

/** None where they can't be used. */
function helpersFor({ isWhole }: OwnNamespace, isMasked: boolean): MapHelpers | undefined {
  return findMapHelpers((isWhole && !isMasked) || isRootMighty());
}

/**
 * Clears the owner's bits in the umask: otherwise the user could not enter new folders of the
 * store.
 */
function settleSurroundings(): void {
  ignoreRelativeFolders();
  const mask = process.umask(0o077);
  process.umask(mask & 0o077);
}

function chosenDirectories({ root, runroot }: EngineOptions, forRoot: boolean): Directories {
  return findDirectories({ root, runRoot: runroot, forRoot });
}

/** Reports to `report`, and whether anything was reported, or asked of what is `noting`. */
function followTalk(report: Report | undefined) {
  let isSilent = true;
  const noting = <Given extends unknown[], Answer>(call: (...given: Given) => Answer) =>
    (...given: Given): Answer => {
      isSilent = false;
      return call(...given);
    };
  return { noting, report: noting((event) => report?.(event)) as Report, isSilent: () => isSilent };
}

function lazily<T>(find: () => T): () => T {
  let found: { value: T } | undefined;
  return () => (found ??= { value: find() }).value;
}

/** True for the machine's root, also after it has become another id. */
function isForRoot(namespace: () => OwnNamespace): boolean {
  return process.getuid?.() === 0 ? namespace().isWhole : actsForRoot();
}

/** The account of root, with the ids that this process has now. */
function callersAccount(): Account {
  const own = currentAccount();
  if (!actsForRoot()) return own;
  return { name: 'root', home: '/root', shell: '/bin/sh', ...findAccount(0), ...idsOf(own) };
}

function idsOf({ uid, gid }: Account): Pick<Account, 'uid' | 'gid'> {
  return { uid, gid };
}

function findIdMaps(
  account: Account,
  namespace: OwnNamespace,
  helpers: MapHelpers | undefined,
): IdMaps {
  const forRoot = actsForRoot();
  const ids = (forRoot ? findRootIds() : findSubordinateIds(account)) ?? { uids: [], gids: [] };
  return chooseIdMaps({
    uid: account.uid,
    gid: account.gid,
    forRoot,
    uidRanges: commonIds(ids.uids, namespace.uids),
    gidRanges: commonIds(ids.gids, namespace.gids),
    newuidmap: helpers?.newuidmap,
    newgidmap: helpers?.newgidmap,
    namespace,
  });
}

/** The ids of a user who has none but the own one. */
export function oneIdMap({ uid, gid }: Account, own: OwnNamespace): IdMaps {
  const none = { uidRanges: [], gidRanges: [], newuidmap: undefined, newgidmap: undefined };
  const namespace = { ...own, mayMapIds: false };
  return chooseIdMaps({ uid, gid, forRoot: false, ...none, namespace });
}

/** Removes trees that hold files of subordinate ids, as root of the user's namespace. */
export async function removeTrees(engine: Engine, paths: readonly string[]): Promise<void> {
  if (paths.length > 0) {
    runHelper(removeArguments(engine.enter, paths));
  }
}

/** The trash is empty: what this command put there, and what killed commands left there. */
export async function emptyTrash(engine: Engine): Promise<void> {
  await engine.store.trash.empty((paths) => removeTrees(engine, paths));
}

/** Empties the trash and removes what nothing uses; answers how many bytes this freed. */
export async function collectGarbage(
  engine: Engine,
  options: Pick<CollectOptions, 'neededShifted'> = {},
): Promise<number> {
  const report = await engine.store.collect({
    ...options, removeTrees: (paths) => removeTrees(engine, paths),
  });
  return report.reclaimedBytes;
}

function shortNames(config: RegistriesConfig): ResolveOptions {
  const { aliases, searchRegistries, shortNameMode } = config;
  // An alias with a tag is refused by a pull, and is nothing to find images by.
  const usable = [...aliases].filter(([, target]) => !/[:@][^/]*$/.test(target));
  return {
    aliases: shortNameMode === 'disabled' ? {} : Object.fromEntries(usable),
    searchRegistries,
  };
}
