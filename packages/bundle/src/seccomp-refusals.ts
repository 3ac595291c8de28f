/**
 * What the default profile refuses although its own rules would allow it. These refusals are
 * separate filters in the line format of docs/launch-plan.md; every call must pass them as well.
 * In one filter with the permissions, libseccomp would have to choose between "allow all sockets"
 * and "refuse these sockets".
 */
const EPERM = 1;
const EAFNOSUPPORT = 97;

/** Writes through its page cache have reached files of the host (CVE-2026-31431). */
const AF_ALG = 38;

/** Push keys into a terminal (CVE-2017-5226), paste into a console (CVE-2023-28100). */
const TERMINAL_INJECTIONS = [0x5412, 0x541c];
/** The kernel looks at 32 bits of an ioctl's number only; so must the filter (CVE-2019-10063). */
const IOCTL_MASK = 0xffffffff;

const AF_NETLINK = 16;
const NETLINK_AUDIT = 9;
const EINVAL = 22;

/**
 * The lines, for the architectures and capabilities of a profile. A 32-bit program also makes
 * sockets by socketcall(2), whose arguments no filter sees: there libseccomp refuses all sockets.
 */
export function refusalText(
  architectures: readonly string[],
  capabilities: readonly string[],
): string {
  const terminals = TERMINAL_INJECTIONS.map(
    (number) => `rule errno=${EPERM} ioctl 1 & ${IOCTL_MASK} ${number}`,
  );
  const encryption = `rule errno=${EAFNOSUPPORT} socket 0 == ${AF_ALG}`;
  // As of a kernel without auditing, for which useradd and login are prepared.
  const auditing = `rule errno=${EINVAL} socket 0 == ${AF_NETLINK} 2 == ${NETLINK_AUDIT}`;
  // Two refusals of sockets with different errors need a filter each: socketcall(2) is both.
  const filters = capabilities.includes('CAP_AUDIT_WRITE')
    ? [[encryption, ...terminals]]
    : [[encryption, ...terminals], [auditing]];
  return filters.map((rules) => filterText(architectures, rules)).join('');
}

function filterText(architectures: readonly string[], rules: readonly string[]): string {
  const names = architectures.map((name) => name.replace(/^SCMP_ARCH_/, '').toLowerCase());
  return `${['default allow', ...names.map((name) => `arch ${name}`), ...rules].join('\n')}\n`;
}
