/**
 * What the checks of `doctor` judge: facts of this machine and this user, as plain data, so that
 * the checks are pure and every machine can be described in a test.
 */
import type {
  Account, IdRange, Mount, OwnedIdRange, OwnNamespace, ResourceLimit,
} from '@berth/host';
import type { DriverRecord } from '@berth/storage';

/** The package manager of this machine. */
export type PackageManager = 'apt' | 'dnf' | 'zypper' | 'pacman' | 'apk' | undefined;

/** All facts that are examined. Undefined means "could not be found out" unless said otherwise. */
export interface DoctorFacts {
  readonly account: Account;
  /** The user is known to passwd(5) or to the C library. */
  readonly hasAccount: boolean;
  /** The caller is the machine's root, also after it has become another id. */
  readonly forRoot: boolean;
  readonly packageManager: PackageManager;
  readonly kernel: {
    readonly version: readonly [number, number];
    readonly release: string;
    /** When the kernel was built, if its version text says so. */
    readonly builtAtMs: number | undefined;
    readonly nowMs: number;
  };
  /** The user namespace of the caller: that of the machine, or of a container. */
  readonly namespace: OwnNamespace;
  readonly userNamespaces: {
    /**
     * The kernel's error when a namespace with the maps of containers was made; undefined: it
     * works.
     */
    readonly refusal: string | undefined;
    /** Undefined: the kernel has no such setting, so it is allowed. */
    readonly allowed: boolean | undefined;
    readonly maximum: number;
    readonly appArmorRestricts: boolean;
    /** The helper's path, for which an AppArmor profile would grant the right. */
    readonly helper: string;
  };
  readonly ids: {
    /** Those of the user's ranges that exist in this namespace. */
    readonly uids: readonly IdRange[];
    readonly gids: readonly IdRange[];
    /** The name under which these ranges are listed. */
    readonly owner: string;
    /** A range of ids that nobody has. */
    readonly free: IdRange;
    /** `weak`: set-user-id root, where root lacks CAP_SYS_ADMIN. */
    readonly helpers: 'there' | 'weak' | 'not set-user-id' | 'missing';
    /** Every line of /etc/subuid and /etc/subgid. */
    readonly allRanges: readonly OwnedIdRange[];
    /** Accounts of the machine whose uid lies in the user's ranges. */
    readonly usedInRange: readonly { readonly name: string; readonly uid: number }[];
  };
  readonly network: {
    readonly pasta: boolean;
    readonly slirp4netns: boolean;
    /** What pasta answers to --version where it fails; it is used all the same. */
    readonly pastaFails?: string | undefined;
    readonly tun: 'usable' | 'not permitted' | 'missing';
    /** The first port that a user may listen on. */
    readonly firstPort: number;
  };
  readonly cgroups: {
    readonly version: 'v2' | 'hybrid' | 'v1';
    readonly systemd: boolean;
    /** The user's systemd can be reached. */
    readonly session: boolean;
    /** Controllers that can limit this user's containers. */
    readonly controllers: readonly string[];
  };
  readonly session: {
    readonly runtimeDirectory: string | undefined;
    readonly isRuntimeDirectoryUsable: boolean;
    readonly runDirectory: string;
    /** The process that started this one. */
    readonly shell: number;
    /** Whether /run/user/UID is there, as logind makes it. */
    readonly hasUsualDirectory: boolean;
    /** Undefined: there is no logind, so nothing ends at a logout. */
    readonly lingers: boolean | undefined;
    /** Users may let themselves linger: polkit answers for the administrator. */
    readonly mayAskToLinger: boolean;
  };
  /** The caller's own limits (setrlimit): the soft and the hard ones. */
  readonly limits: {
    readonly files: ResourceLimit;
    /** Of all processes and threads of the user, whose number is `tasks`. */
    readonly processes: ResourceLimit;
    readonly tasks: number;
  };
  readonly store: {
    readonly path: string;
    /** Why nothing can be written there; undefined: it can. */
    readonly refusal: string | undefined;
    readonly mount: Mount | undefined;
    readonly fileSystem: string;
    /** Another folder where something can be written; undefined: none of the usual ones. */
    readonly otherPlace: string | undefined;
    readonly freeBytes: number;
    /** Inodes that are left; undefined: the file system makes them as they are needed. */
    readonly freeInodes: number | undefined;
    readonly hasOverlay: boolean;
    /** How many layers were unpacked under other ids than the present ones. */
    readonly layersOfOtherIds: number;
    /** The driver that the store has or would get; undefined for root, which has no store. */
    readonly driver: DriverRecord | undefined;
  };
  readonly program: { readonly path: string; readonly mount: Mount | undefined };
  readonly isolation: {
    readonly hasSeccomp: boolean;
    readonly seLinuxEnforces: boolean;
    /** Something is mounted over parts of /proc, so a new procfs is refused below. */
    readonly isProcMasked: boolean;
  };
}
