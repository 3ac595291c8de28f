/** The execution domain of a container's processes (linux/personality.h). */
import type { RuntimeSpec } from '@berth/oci';

const DOMAINS = { LINUX: 0, LINUX32: 8 } as const;

/** The number for personality(2); undefined leaves the caller's. */
export function personalityOf({ linux: { personality } }: RuntimeSpec): number | undefined {
  return personality === undefined ? undefined : DOMAINS[personality.domain];
}
