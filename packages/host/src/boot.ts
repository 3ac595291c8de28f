/**
 * The facts that say which machine, which boot and which pid namespace a process number belongs
 * to: a pid means nothing without them.
 */
import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { textIfThere } from './text-if-there.ts';

/** With these facts a pid identifies one process. */
export interface HostFacts {
  /** Of /proc: a new one at every boot. */
  readonly bootId: string;
  /** Of /etc/machine-id; empty where there is none (fresh containers). */
  readonly machineId: string;
  readonly hostName: string;
  /** Inode of the pid namespace that this process sees. */
  readonly pidNamespace: string;
}

/** Reads the facts; for a missing file the fact is an empty string. */
export function readHostFacts(): HostFacts {
  return {
    bootId: textIfThere('/proc/sys/kernel/random/boot_id').trim(),
    machineId: textIfThere('/etc/machine-id').trim(),
    hostName: hostname(),
    pidNamespace: String(statSync('/proc/self/ns/pid').ino),
  };
}
