/** Refuses pairs of flags of which one would silently cancel the other. */
import { UsageError } from '@berth/errors';
import type { CONTAINER_FLAGS } from '../flags/container-flags.ts';
import type { FlagValues } from '../flags/flag.ts';

/**
 * Throws UsageError for the first contradiction between typed flags. A value of containers.conf
 * that contradicts a typed flag is no error; it is ignored.
 */
export function refuseContradictions(flags: FlagValues<typeof CONTAINER_FLAGS>): void {
  const { hostname = '', ipc = '', uts = '' } = flags;
  const hasNoHosts = flags['no-hosts'] && flags['add-host'].length > 0;
  if (hasNoHosts) throw excludes('no-hosts', '--add-host');
  if (hostname !== '' && isOthers(uts)) throw excludes('hostname', `--uts ${uts}`);
  if (flags['shm-size'] !== undefined && isOthers(ipc)) throw excludes('shm-size', `--ipc ${ipc}`);
  const dropped = new Set(flags['cap-drop'].map(capability));
  const both = flags['cap-add'].find((name) => dropped.has(capability(name)));
  if (both !== undefined) throw excludes(`cap-add ${both}`, `--cap-drop ${both}`);
}

function isOthers(mode: string): boolean {
  return mode === 'host' || mode.startsWith('container:');
}

function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

function excludes(flag: string, other: string): UsageError {
  return new UsageError('CONTRADICTION', `read --${flag}: it excludes ${other}`);
}
