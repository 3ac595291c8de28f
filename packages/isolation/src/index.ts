/**
 * The isolation package: everything between a decided runtime spec and the kernel. It chooses id
 * maps, writes launch plans, and finds and hands over to the native helper. It decides nothing
 * about images or records.
 */
export { cgroupSettings, type CgroupSettings, type CgroupWish } from './cgroup.ts';
export {
  callerlessMap,
  containerIdsKey,
  freeMap,
  idCount,
  keepIdMap,
  parseIdMap,
  splitMap,
  type ContainerIds,
} from './container-ids.ts';
export { containerPlan } from './container-plan.ts';
export {
  enterArguments,
  probeArguments,
  removeArguments,
  shiftArguments,
  runHelper,
  spawnWorker,
  takeArguments,
  startHelper,
  type EnterSettings,
} from './enter.ts';
export { execPlan, type ExecSettings } from './exec-plan.ts';
export {
  attachArguments,
  clientFlags,
  execArguments,
  handOver,
  launchArguments,
  type ClientSettings,
} from './hand-over.ts';
export { keepExec } from './kept-exec.ts';
export {
  HOLES, keepRun, type Fact, type KeptFile, type KeptRun,
} from './kept-run.ts';
export { chooseIdMaps, idMapKey, type IdMap, type IdMapFacts, type IdMaps } from './id-maps.ts';
export {
  CGROUP_ROOT, delegatedControllers, hasSystemdSession, ownCgroup, ROOT_COMMANDS,
} from './delegated-controllers.ts';
export {
  complaintOf, helperEnvironment, isCompiled, nativeHelper, programCommand, programFile,
} from './native-helper.ts';
export type { ProcessExtras } from './plan-process.ts';
export { MAX_LAYERS } from './plan-settings.ts';
export type {
  ExitStep,
  LogSettings,
  NamespaceName,
  NamespaceSettings,
  RootSettings,
  SupervisorSettings,
} from './plan-settings.ts';
export { planRecord } from './plan-reader.ts';
export { PlanWriter } from './plan-writer.ts';
export {
  systemdScope,
  type IoDeviceLimit,
  type ScopeLimits,
  type ScopeSettings,
} from './systemd-scope.ts';
