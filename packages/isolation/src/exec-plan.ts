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
 * The bytes of the plan, which the container's supervisor carries out. Without arguments the plan
 * has no command; it must be added later.
 */
export function execPlan(settings: ExecSettings): Buffer {
  const plan = new PlanWriter();
  plan.add('stdio', settings.stdio);
  plan.add('stdin', settings.stdinOpen ? 'open' : 'closed');
  plan.add('detach', settings.detach ? 1 : 0);
  addProcessRecords(plan, settings.process, settings.extras);
  return plan.bytes();
}
