/**
 * Writes the launch plan of a container: its OCI runtime spec and what the supervisor must know,
 * as records in the order in which the native helper carries them out. docs/launch-plan.md
 * describes every record.
 */
import type { RuntimeSpec } from '@berth/oci';
import type { CgroupSettings } from './cgroup.ts';
import type {
  ExitStep,
  NamespaceName,
  NamespaceSettings,
  SupervisorSettings,
} from './plan-settings.ts';
import { addMounts } from './plan-mounts.ts';
import { addProcess } from './plan-process.ts';
import { PlanWriter } from './plan-writer.ts';

/** The plan's bytes. Throws UsageError where the plan can't be encoded or grows too large. */
export function containerPlan(spec: RuntimeSpec, settings: SupervisorSettings): Buffer {
  const plan = new PlanWriter();
  addSupervisor(plan, settings);
  addIdMaps(plan, settings);
  addCgroup(plan, settings.cgroup);
  addNetworkHelper(plan, settings);
  addExitSteps(plan, settings.exitSteps);
  addNamespaces(plan, settings.namespaces);
  addMounts(plan, spec, settings);
  addProcess(plan, spec, settings.process);
  return plan.bytes();
}

function addSupervisor(plan: PlanWriter, settings: SupervisorSettings): void {
  plan.add('id', settings.id);
  plan.add('state-dir', settings.stateDirectory);
  plan.add('run-dir', settings.runDirectory);
  plan.add('summary', settings.summary);
  plan.add('stdio', settings.stdio);
  plan.add('stdin', settings.stdinOpen ? 'open' : 'closed');
  const { log } = settings;
  plan.add('log', log.driver, log.path, log.maxSizeBytes, log.maxFiles);
  plan.add('timeout', settings.timeoutSeconds);
  plan.add('stop-signal', settings.stopSignal);
  plan.add('init', settings.init ? 1 : 0);
  if (settings.pidFile !== undefined) {
    plan.add('pid-file', settings.pidFile);
  }
  if (settings.supervisorPidFile !== undefined) {
    plan.add('supervisor-pid-file', settings.supervisorPidFile);
  }
  if (settings.notice !== undefined) {
    plan.add('notify', settings.notice);
  }
  if (settings.endsWithClient === true) plan.add('ends-with-client', 1);
}

function addIdMaps(plan: PlanWriter, { idMaps, keepersDirectory }: SupervisorSettings): void {
  if (idMaps.refusal !== undefined) throw idMaps.refusal;
  plan.add('userns', keepersDirectory);
  for (const { inside, outside, count } of idMaps.uids) {
    plan.add('uid-map', inside, outside, count);
  }
  for (const { inside, outside, count } of idMaps.gids) {
    plan.add('gid-map', inside, outside, count);
  }
  if (idMaps.helpers !== undefined) {
    plan.add('map-helpers', idMaps.helpers.newuidmap, idMaps.helpers.newgidmap);
  }
}

function addCgroup(plan: PlanWriter, cgroup: CgroupSettings): void {
  if (cgroup.from !== undefined) plan.add('cgroup-from', cgroup.from);
  if (cgroup.isRequired === true) plan.add('cgroup-required', 1);
  if (cgroup.kind === 'scope') {
    plan.add('scope', cgroup.busSocket, cgroup.scope.bytes.toString('hex'), cgroup.scope.pidOffset);
  }
  if (cgroup.kind === 'directory') {
    plan.add('cgroup-dir', cgroup.path);
    for (const { file, value } of cgroup.writes) {
      plan.add('cgroup-write', file, value);
    }
  }
}

function addNetworkHelper(
  plan: PlanWriter,
  { networkHelper, hostPorts, udpRelays }: SupervisorSettings,
): void {
  if (networkHelper === undefined) return;
  plan.add('network-helper', ...networkHelper);
  for (const { protocol, hostAddress, hostPort } of hostPorts) {
    plan.add('network-port', protocol, hostAddress, hostPort);
  }
  for (const { hostAddress, hostPort, containerPort } of udpRelays) {
    plan.add('udp-relay', hostAddress, hostPort, containerPort);
  }
}

function addExitSteps(plan: PlanWriter, steps: readonly ExitStep[]): void {
  for (const step of steps) {
    switch (step.step) {
      case 'remove':
        plan.add('exit-remove', step.path);
        break;
      case 'rename':
        plan.add('exit-rename', step.from, step.to);
        break;
      case 'volume':
        plan.add('exit-volume', step.from, step.to);
        break;
      case 'release':
        plan.add('exit-release', step.path, step.id);
        break;
    }
  }
}

function addNamespaces(
  plan: PlanWriter,
  namespaces: Record<NamespaceName, NamespaceSettings>,
): void {
  for (const [name, settings] of Object.entries(namespaces)) {
    switch (settings.from) {
      case 'new':
      case 'host':
        plan.add('namespace', name, settings.from);
        break;
      case 'process':
        plan.add('namespace', name, 'join-pid', settings.pid, settings.startTime);
        break;
      case 'path':
        plan.add('namespace', name, 'join-path', settings.path);
        break;
    }
  }
}
