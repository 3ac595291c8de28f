/**
 * What the checks of `doctor` judge: facts of this machine and this user, as plain data, so that
 * the checks are pure and every machine can be described in a test.
 */
import type { Account, IdRange, Mount, OwnedIdRange, OwnNamespace } from '@berth/host';
import type { DriverRecord } from '@berth/storage';

/** How packages are installed here. */
export type PackageManager = 'apt' | 'dnf' | 'zypper' | 'pacman' | 'apk' | undefined;

/** Everything that is looked at. Undefined is "could not be found out" unless said otherwise. */
export interface DoctorFacts {
  readonly account: Account;
  /** The caller is the machine's root, or the id that he has become. */
  readonly forRoot: boolean;
  readonly packageManager: PackageManager;
  readonly kernel: {
    readonly version: readonly [number, number];
    readonly release: string;
    /** When it was built, where its version text says so. */
    readonly builtAtMs: number | undefined;
    readonly nowMs: number;
  };
  /** The user namespace of the caller: that of the machine, or of a container. */
  readonly namespace: OwnNamespace;
  readonly userNamespaces: {
    /** What the kernel said when one was made with the maps of containers; undefined: it works. */
    readonly refusal: string | undefined;
    /** Undefined: there is no such setting, which means allowed. */
    readonly allowed: boolean | undefined;
    readonly maximum: number;
    readonly appArmorRestricts: boolean;
    /** The helper, to which an AppArmor profile would give the right. */
    readonly helper: string;
  };
  readonly ids: {
    /** Those of the user's ranges that the namespace has. */
    readonly uids: readonly IdRange[];
    readonly gids: readonly IdRange[];
    /** Under whose name these ranges stand. */
    readonly owner: string;
    /** A range of ids that nobody has. */
    readonly free: IdRange;
    /** Weak: set-user-id root, where root lacks CAP_SYS_ADMIN. */
    readonly helpers: 'there' | 'weak' | 'not set-user-id' | 'missing';
    /** Every line of /etc/subuid and /etc/subgid. */
    readonly allRanges: readonly OwnedIdRange[];
    /** Accounts of the machine whose uid lies in the user's ranges. */
    readonly usedInRange: readonly { readonly name: string; readonly uid: number }[];
  };
  readonly network: {
    readonly pasta: boolean;
    readonly slirp4netns: boolean;
    readonly tun: 'usable' | 'not permitted' | 'missing';
    /** The first port that a user may listen on. */
    readonly firstPort: number;
  };
  readonly cgroups: {
    readonly version: 'v2' | 'hybrid' | 'v1';
    readonly systemd: boolean;
    /** The user's systemd can be reached. */
    readonly session: boolean;
    /** Controllers that a container of this user can be limited by. */
    readonly controllers: readonly string[];
  };
  readonly session: {
    readonly runtimeDirectory: string | undefined;
    readonly isRuntimeDirectoryUsable: boolean;
    readonly runDirectory: string;
    /** Undefined: no logind, nothing ends at a logout. */
    readonly lingers: boolean | undefined;
  };
  readonly store: {
    readonly path: string;
    readonly mount: Mount | undefined;
    readonly fileSystem: string;
    readonly freeBytes: number;
    readonly hasOverlay: boolean;
    /** What the store has, or would have; undefined for root, who has none. */
    readonly driver: DriverRecord | undefined;
  };
  readonly program: { readonly path: string; readonly mount: Mount | undefined };
  readonly isolation: {
    readonly hasSeccomp: boolean;
    readonly seLinuxEnforces: boolean;
    /** Something is mounted over parts of /proc: a fresh procfs is refused below. */
    readonly isProcMasked: boolean;
  };
}
