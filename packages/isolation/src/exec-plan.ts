/** Writes the plan of one more process in a running container. */
import type { ProcessSpec } from '@berth/oci';
import { addProcessRecords, type ProcessExtras } from './plan-process.ts';
import { PlanWriter } from './plan-writer.ts';

/** One more process in a container. */
export interface ExecSettings {
  process: ProcessSpec;
  extras: ProcessExtras;
  stdio: 'handed' | 'terminal';
  stdinOpen: boolean;
  detach: boolean;
}

/**
 * The plan's bytes; the supervisor of the container carries it out. A process without arguments
 * leaves the command out, which is to be added then.
 */
export function execPlan(settings: ExecSettings): Buffer {
  const plan = new PlanWriter();
  plan.add('stdio', settings.stdio);
  plan.add('stdin', settings.stdinOpen ? 'open' : 'closed');
  plan.add('detach', settings.detach ? 1 : 0);
  addProcessRecords(plan, settings.process, settings.extras);
  return plan.bytes();
}
