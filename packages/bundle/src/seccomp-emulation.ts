/**
 * The seccomp filter that emulates root where only one id is mapped. Calls that would need more
 * ids wait until `berth-emulate` has recorded what they mean, or succeed without effect. It is
 * written in the line format of docs/launch-plan.md; docs/identities.md says what it does and does
 * not achieve.
 */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  amd64: ['x86_64', 'x86', 'x32'],
  arm64: ['aarch64', 'arm'],
};
const CHANGE_OWNER = [
  'chown', 'fchown', 'lchown', 'fchownat', 'chown32', 'fchown32', 'lchown32',
];
/** The calls, with the index of the argument that is the mode. */
const MAKE_NODE = { mknod: 1, mknodat: 2 };
const TYPE_MASK = 0o170000;
const DEVICE_TYPES = [0o020000, 0o060000];
const CHANGE_USER = ['setuid', 'setreuid', 'setresuid', 'setfsuid'];
const CHANGE_GROUP = ['setgid', 'setregid', 'setresgid', 'setfsgid', 'setgroups'];

/**
 * The lines of the filter. Calls that the capabilities do not allow are left to the kernel, which
 * refuses them.
 */
export function emulationText(
  architecture: string,
  capabilities: readonly string[],
): string {
  const may = (name: string): boolean => capabilities.includes(`CAP_${name}`);
  const devices = Object.entries(MAKE_NODE).flatMap(([name, argument]) =>
    DEVICE_TYPES.map((type) => `rule notify ${name} ${argument} & ${TYPE_MASK} ${type}`),
  );
  const without = [...(may('SETUID') ? CHANGE_USER : []), ...(may('SETGID') ? CHANGE_GROUP : [])];
  return [
    'default allow',
    ...(ARCHITECTURES[architecture] ?? []).map((name) => `arch ${name}`),
    ...(may('CHOWN') ? [...CHANGE_OWNER.map((name) => `rule notify ${name}`), ...devices] : []),
    ...without.flatMap((name) => [`rule errno=0 ${name}`, `rule errno=0 ${name}32`]),
    '',
  ].join('\n');
}
