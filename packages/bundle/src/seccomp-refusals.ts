/**
 * What the default profile refuses beyond Podman's: a second filter in the line format of
 * docs/launch-plan.md, which every call must pass as well. A filter of its own, because in one
 * with the permissions libseccomp would weigh "all sockets" against "not these".
 */
const EPERM = 1;
const EAFNOSUPPORT = 97;

/** Writes through its page cache have reached files of the host (CVE-2026-31431). */
const AF_ALG = 38;

/** Push keys into a terminal (CVE-2017-5226), paste into a console (CVE-2023-28100). */
const TERMINAL_INJECTIONS = [0x5412, 0x541c];
/** The kernel looks at 32 bits of an ioctl's number only; so must the filter (CVE-2019-10063). */
const IOCTL_MASK = 0xffffffff;

/**
 * The lines, for the architectures of a profile. A 32-bit program also makes sockets by
 * socketcall(2), whose arguments no filter sees: there libseccomp refuses all sockets.
 */
export function refusalText(architectures: readonly string[]): string {
  const lines = [
    'default allow',
    ...architectures.map((name) => `arch ${name.replace(/^SCMP_ARCH_/, '').toLowerCase()}`),
    `rule errno=${EAFNOSUPPORT} socket 0 == ${AF_ALG}`,
    ...TERMINAL_INJECTIONS.map(
      (number) => `rule errno=${EPERM} ioctl 1 & ${IOCTL_MASK} ${number}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
