/** `doctor`: every reason why something is slower, weaker or missing on this machine. */
import type { Engine } from '../engine.ts';
import { checkRangeOverlap, checkSubordinateIds, checkUserNamespaces } from './check-identities.ts';
import { checkKernel, checkNesting, checkSeccomp, checkSeLinux } from './check-machine.ts';
import { checkLowPorts, checkNetworkHelper } from './check-network.ts';
import { checkOpenFiles, checkProcesses } from './check-rlimits.ts';
import { checkLimits, checkLinger, checkRuntimeDirectory } from './check-session.ts';
import {
  checkDriver, checkFreeSpace, checkMountOptions, checkStoreIds, checkStorePlace,
} from './check-store.ts';
import type { DoctorFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import { lookAround } from './look.ts';

/** The checks in the order in which they are shown: first those on which the others depend. */
const CHECKS: readonly ((facts: DoctorFacts) => Finding)[] = [
  checkKernel,
  checkUserNamespaces,
  checkSubordinateIds,
  checkRangeOverlap,
  checkDriver,
  checkStorePlace,
  checkStoreIds,
  checkFreeSpace,
  checkMountOptions,
  checkNetworkHelper,
  checkLowPorts,
  checkLimits,
  checkOpenFiles,
  checkProcesses,
  checkRuntimeDirectory,
  checkLinger,
  checkSeccomp,
  checkSeLinux,
  checkNesting,
];

/** The findings on this machine, one for each check. Throws when there is no run directory. */
export function examine(engine: Engine): Finding[] {
  return judge(lookAround(engine));
}

/** The findings on the machine that the facts describe. */
export function judge(facts: DoctorFacts): Finding[] {
  return CHECKS.map((check) => check(facts));
}
