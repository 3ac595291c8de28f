/**
 * Owners of unfinished things. The name of such a thing says which process makes it. So the owner
 * and the thing appear in one system call, and every command can tell later whether the owner is
 * alive.
 */
import { readStartTime } from '@berth/host';
import { randomHex } from './random.ts';
import type { ContainerRecord } from './records.ts';
import type { LivenessFacts } from './run-state.ts';

const SEPARATOR = ',';
const RANDOM_BYTES = 6;
const BOOT_LENGTH = 8;
const DAY_MS = 24 * 3600 * 1000;
/** For owners on another machine with the same home: no pull takes a week. */
const FOREIGN_HOST_MS = 7 * DAY_MS;
/** For owners in another pid namespace of this boot, such as a CI job with the same home. */
const FOREIGN_NAMESPACE_MS = DAY_MS;

/** A unique owner text of this process: host, boot, pid namespace, pid, start time, random. */
export function ownerText(facts: LivenessFacts): string {
  return [
    facts.host, facts.bootId.slice(0, BOOT_LENGTH), facts.pidNamespace,
    String(process.pid), readStartTime(process.pid) ?? '0',
    randomHex(RANDOM_BYTES),
  ].join(SEPARATOR);
}

/**
 * True when the process that `owner` names is certainly gone, or so foreign and so old that it must
 * be. `modifiedAtMs` is when the owned thing last changed. Text that is no owner has none.
 */
export function isOwnerDead(owner: string, modifiedAtMs: number, facts: LivenessFacts): boolean {
  const [host, boot, namespace, pid, startTime, random] = owner.split(SEPARATOR);
  if (random === undefined || pid === undefined || startTime === undefined) return true;
  const ageMs = Date.now() - modifiedAtMs;
  if (boot !== facts.bootId.slice(0, BOOT_LENGTH)) {
    return host === facts.host || ageMs > FOREIGN_HOST_MS;
  }
  if (namespace !== facts.pidNamespace) return ageMs > FOREIGN_NAMESPACE_MS;
  return !facts.isAlive(Number(pid), startTime);
}

/** True while the command that made the container lives, and may be about to start `run`. */
export function isMakerAlive(
  { maker, createdAtMs }: Pick<ContainerRecord, 'maker' | 'createdAtMs'>,
  facts: LivenessFacts,
): boolean {
  return maker !== undefined && !isOwnerDead(maker, createdAtMs, facts);
}
