/**
 * What the project asks of the machine it runs on: system calls that Node lacks, directories,
 * accounts, subordinate ids, processes and feature probes. Nothing here keeps state or prints.
 */
export { loadSyscalls, succeed } from './syscalls.ts';
export type { Device, OpenHow, Owner, PathArgument, Syscalls, Timespec } from './syscalls.ts';
export { systemError, systemErrorFrom } from './system-error.ts';
export type { SystemFailure } from './system-error.ts';
export { AT, FALLOCATE, MODE, OPEN, RESOLVE, UTIME_NOW, UTIME_OMIT } from './kernel-numbers.ts';
export { getExtendedAttributes } from './extended-attributes.ts';
export type { ExtendedAttribute } from './extended-attributes.ts';
export { execve } from './execve.ts';
export type { ExecveRequest } from './execve.ts';
export { ROOT_FOLDERS, findDirectories, ignoreRelativeFolders } from './directories.ts';
export type { Directories, DirectoryRequest } from './directories.ts';
export {
  currentAccount, findAccount, findGroupName, parsePasswd, readAccounts,
} from './accounts.ts';
export type { Account } from './accounts.ts';
export {
  allSubordinateIds, findMapHelpers, findSubordinateIds, parseSubordinateIds,
} from './subordinate-ids.ts';
export type { IdRange, MapHelpers, OwnedIdRange, SubordinateIds } from './subordinate-ids.ts';
export { findMount, isProcMasked, parseMountinfo, readMounts } from './mounts.ts';
export type { Mount } from './mounts.ts';
export { commonIds, isOutsider, isRootMighty, readOwnNamespace } from './own-namespace.ts';
export type { OwnNamespace } from './own-namespace.ts';
export {
  ROOT_CALLER, actsForRoot, findRootIds, isBelowRoot, freeIds, lineForRootIds, otherOwnerOf,
} from './root-caller.ts';
export type { RootIds } from './root-caller.ts';
export { giveToCaller, giveTreeToCaller } from './callers-files.ts';
export { isPlanted, requireNotPlanted, writeNamedFile } from './planted-files.ts';
export { textIfThere } from './text-if-there.ts';
export { readHostFacts } from './boot.ts';
export type { HostFacts } from './boot.ts';
export { isAlive, isStopped, parseProcessStat, readStartTime, signalProcess } from './processes.ts';
export type { ProcessStat } from './processes.ts';
export { parseLimits, readResourceLimits } from './resource-limits.ts';
export type { ResourceLimit } from './resource-limits.ts';
export { spreadFolders } from './spread-folders.ts';
export { findProgram } from './find-program.ts';
export { fileSystemName, probeHost } from './probes.ts';
export type { HostProbe } from './probes.ts';
