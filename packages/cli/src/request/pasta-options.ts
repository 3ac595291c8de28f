/** Options of pasta(1) from containers.conf, beside those that are typed. */

/** The long names of the short options that may be in containers.conf and on the command line. */
const LONG_NAMES: Readonly<Record<string, string>> = {
  D: '--dns', I: '--ns-ifname', M: '--mac-addr', S: '--search', T: '--tcp-ns', U: '--udp-ns',
  a: '--address', g: '--gateway', i: '--interface', l: '--log-file', m: '--mtu', n: '--netmask',
  o: '--outbound', p: '--pcap', t: '--tcp-ports', u: '--udp-ports',
};

/**
 * The configured options that were not typed, then the typed ones: pasta refuses some options that
 * come twice, so the typed one takes the place of the configured one.
 */
export function withTyped(configured: readonly string[], typed: readonly string[]): string[] {
  const names = new Set(typed.filter(isOption).map(longName));
  let isReplaced = false;
  const kept = configured.filter((word) => {
    // A word that is no option is the value of the option before it.
    if (isOption(word)) isReplaced = names.has(longName(word));
    return !isReplaced;
  });
  return [...kept, ...typed];
}

function isOption(word: string): boolean {
  return word.startsWith('-');
}

/** `--mtu` for `--mtu=1400`, `-m` and `-m1400`. */
function longName(option: string): string {
  if (option.startsWith('--')) return option.replace(/=.*$/s, '');
  return LONG_NAMES[option.slice(1, 2)] ?? option;
}
