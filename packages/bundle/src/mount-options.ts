/** The options of -v, --mount and --tmpfs, as the runtime spec writes them. */
import { UnsupportedError, UsageError } from '@berth/errors';

/** Groups of options of which only one can apply; the first of each group is Podman's default. */
const BIND_GROUPS = [
  ['rw', 'ro'],
  ['rbind', 'bind'],
  ['rprivate', 'private', 'rslave', 'slave', 'rshared', 'shared', 'unbindable', 'runbindable'],
];
/** What is done with the source before the mount: cover it by an overlay, give it to the user. */
const TREATMENTS = new Set(['O', 'U']);
const FREE = new Set(['suid', 'nosuid', 'dev', 'nodev', 'exec', 'noexec', 'noatime', 'relatime']);
/**
 * Accepted, but without an effect: z and Z because there is no SELinux relabelling, copy and nocopy
 * because Berth decides about copies, the others because they are for Docker's virtual machines.
 */
const WITHOUT_EFFECT = new Set(['z', 'Z', 'copy', 'nocopy', 'cached', 'delegated', 'consistent']);
const TMPFS_VALUE = /^(size|mode|nr_inodes|nr_blocks|uid|gid)=[0-9A-Za-z%]+$/;

/** The options for a bind of a source on `target`. Throws UsageError for unknown options. */
export function bindOptions(options: readonly string[], target: string): string[] {
  const chosen = new Map(BIND_GROUPS.map((group) => [group, group[0] ?? '']));
  const free: string[] = [];
  for (const option of options) {
    const group = BIND_GROUPS.find((names) => names.includes(option));
    if (group !== undefined) {
      chosen.set(group, option);
    } else if (FREE.has(option) || TREATMENTS.has(option)) {
      free.push(option);
    } else {
      refuseUnlessIgnored(option, target);
    }
  }
  return [...chosen.values(), ...free];
}

/** The options for a tmpfs; nosuid and nodev unless the user says otherwise, as in Podman. */
export function tmpfsOptions(options: readonly string[], target: string): string[] {
  const result = new Set(['rw', 'nosuid', 'nodev', 'tmpcopyup']);
  for (const option of options) {
    if (option === 'ro') {
      result.delete('rw');
      result.add('ro');
    } else if (option === 'notmpcopyup' || option === 'nocopy') {
      result.delete('tmpcopyup');
    } else if (option === 'suid' || option === 'dev') {
      result.delete(`no${option}`);
    } else if (
      FREE.has(option) ||
      TMPFS_VALUE.test(option) ||
      option === 'tmpcopyup' ||
      option === 'rw' ||
      option === 'U'
    ) {
      result.add(option);
    } else {
      refuseUnlessIgnored(option, target);
    }
  }
  return [...result];
}

function refuseUnlessIgnored(option: string, target: string): void {
  if (/^(O|U|idmap(=.*)?|(upper|work)dir=.*)$/.test(option)) {
    throw new UnsupportedError(
      'MOUNT_OPTION_UNSUPPORTED',
      `mount on "${target}": the option "${option}" is not supported there`,
      { hint: 'leave it out' },
    );
  }
  if (!WITHOUT_EFFECT.has(option)) {
    throw new UsageError('BAD_MOUNT_OPTION', `mount on "${target}": no such option as "${option}"`);
  }
}
