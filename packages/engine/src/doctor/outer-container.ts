/** What is mended by other flags of the container engine around this process. */
import type { DoctorFacts } from './facts.ts';
import { administrator, type Remedy } from './finding.ts';

/** True inside a container of whatever engine. */
export function isInContainer(
  { namespace, isolation }: Pick<DoctorFacts, 'namespace' | 'isolation'>,
): boolean {
  return !namespace.isWhole || isolation.isProcMasked;
}

/** The outer container has to be started with these flags as well. */
export function startOuter(flags: string): Remedy {
  return administrator(`start the outer container with ${flags}`);
}
