/**
 * What the default profile refuses although its own rules would allow it. These refusals are
 * separate filters in the line format of docs/launch-plan.md; every call must pass them as well.
 * In one filter with the permissions, libseccomp would have to choose between "allow all sockets"
 * and "refuse these sockets".
 */
const EPERM = 1;
const EAFNOSUPPORT = 97;

/**
 * Through these sockets, containers have written to the page cache of the host's files
 * (CVE-2026-31431).
 */
const AF_ALG = 38;

/** They push keys into a terminal (CVE-2017-5226) or paste into a console (CVE-2023-28100). */
const TERMINAL_INJECTIONS = [0x5412, 0x541c];
/**
 * The kernel uses only the lower 32 bits of an ioctl's number, so the filter must do so as well
 * (CVE-2019-10063).
 */
const IOCTL_MASK = 0xffffffff;

const AF_NETLINK = 16;
const NETLINK_AUDIT = 9;
const EINVAL = 22;

/**
 * The lines, for the architectures and capabilities of a profile. A 32-bit program can also make
 * sockets by socketcall(2), whose arguments a filter can't see; for it libseccomp refuses all
 * sockets.
 */
export function refusalText(
  architectures: readonly string[],
  capabilities: readonly string[],
): string {
  const terminals = TERMINAL_INJECTIONS.map(
    (number) => `rule errno=${EPERM} ioctl 1 & ${IOCTL_MASK} ${number}`,
  );
  const encryption = `rule errno=${EAFNOSUPPORT} socket 0 == ${AF_ALG}`;
  // The error of a kernel without auditing, which useradd and login can handle.
  const auditing = `rule errno=${EINVAL} socket 0 == ${AF_NETLINK} 2 == ${NETLINK_AUDIT}`;
  // Two socket refusals with different errors need separate filters, since both become a rule for
  // socketcall(2).
  const filters = capabilities.includes('CAP_AUDIT_WRITE')
    ? [[encryption, ...terminals]]
    : [[encryption, ...terminals], [auditing]];
  return filters.map((rules) => filterText(architectures, rules)).join('');
}

function filterText(architectures: readonly string[], rules: readonly string[]): string {
  const names = architectures.map((name) => name.replace(/^SCMP_ARCH_/, '').toLowerCase());
  return `${['default allow', ...names.map((name) => `arch ${name}`), ...rules].join('\n')}\n`;
}
