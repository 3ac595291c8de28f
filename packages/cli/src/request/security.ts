/** `--security-opt`, `--device`, `--ulimit`, `--sysctl`. */
import { isAbsolute, normalize } from 'node:path';
import type { DeviceRequest, SecurityRequest, UlimitRequest } from '@berth/engine';
import { UnsupportedError, UsageError } from '@berth/errors';

/**
 * All options together. `label` is accepted, but without SELinux it has no effect, as in Podman.
 */
export function parseSecurity(options: readonly string[]): SecurityRequest {
  const security: SecurityRequest = {
    noNewPrivileges: false,
    seccompProfile: undefined,
    mask: [],
    unmask: [],
  };
  for (const option of options) {
    const found = /^([a-z-]+)(?:[=:](.*))?$/.exec(option);
    readOption(security, option, [found?.[1] ?? '', found?.[2]]);
  }
  return security;
}

function readOption(
  security: SecurityRequest,
  option: string,
  [name, value]: [string, string | undefined],
): void {
  switch (name) {
    case 'no-new-privileges':
      security.noNewPrivileges = chosen(option, value ?? 'true', ['true', 'false']) === 'true';
      return;
    case 'seccomp':
      if (value === undefined || value === '') {
        throw badOption(option, 'no profile is named', 'use seccomp=unconfined or seccomp=FILE');
      }
      security.seccompProfile = value;
      return;
    case 'mask':
      security.mask.push(...pathsToMask(option, value));
      return;
    case 'unmask':
      security.unmask.push(...pathsOf(value));
      return;
    case 'proc-opts':
      security.procOptions = [...security.procOptions ?? [], ...procOptions(option, value ?? '')];
      return;
    case 'systempaths':
      chosen(option, value ?? '', ['unconfined']);
      security.unmask.push('ALL');
      return;
    case 'apparmor':
      chosen(option, value ?? '', ['unconfined']);
      return;
    case 'label':
      return;
    default:
      throw badOption(option, 'no such option',
        'use seccomp=, no-new-privileges, mask=, unmask= or proc-opts=');
  }
}

const PROC_OPTION = /^(hidepid=(0|1|2|4|off|noaccess|invisible|ptraceable)|gid=\d{1,10})$/;
/** These /proc has always. */
const FIXED_PROC_OPTIONS = ['nosuid', 'nodev', 'noexec'];

function procOptions(option: string, value: string): string[] {
  const words = value.split(',').filter((word) => !FIXED_PROC_OPTIONS.includes(word));
  const odd = words.find((word) => !PROC_OPTION.test(word));
  if (odd === undefined) return words;
  throw badOption(option, `"${odd}" is no option of /proc`, 'use hidepid=invisible, gid=GID');
}

/** Throws for an unknown value: a misspelt one must not look as if the protection were on. */
function chosen(option: string, value: string, known: readonly string[]): string {
  if (known.includes(value)) return value;
  throw badOption(option, `"${value}" is no value of it`, `use ${known.join(' or ')}`);
}

function badOption(option: string, reason: string, hint: string): UsageError {
  return new UsageError('BAD_SECURITY_OPT', `read --security-opt "${option}": ${reason}`, { hint });
}

/** Throws for what would not be masked: it must not look as if it were. */
function pathsToMask(option: string, value: string | undefined): string[] {
  const paths = pathsOf(value);
  if (paths.length === 0) throw badOption(option, 'no path is named', 'use mask=/PATH:/PATH');
  const odd = paths.find((path) => !isAbsolute(path) || normalize(path) === '/');
  if (odd === undefined) return paths;
  throw badOption(option, `"${odd}" is no absolute path below the root`, 'use mask=/PATH:/PATH');
}

function pathsOf(value: string | undefined): string[] {
  return (value ?? '').split(':').filter((path) => path !== '');
}

/** `HOST[:CONTAINER][:rwm]`. */
export function parseDevice(text: string): DeviceRequest {
  const [source = '', second, third] = text.split(':');
  const isPermissions = second !== undefined && /^[rwm]{1,3}$/.test(second);
  const target = second === undefined || isPermissions ? source : second;
  const permissions = isPermissions ? second : (third ?? 'rwm');
  if (!source.startsWith('/')) {
    if (/^[a-z0-9.-]+\/[a-z0-9_-]+=/i.test(text)) {
      throw new UnsupportedError('CDI_DEVICE', `give the device "${text}": CDI is not supported`);
    }
    throw new UsageError('BAD_DEVICE', `give the device "${text}": not an absolute path`);
  }
  if (!target.startsWith('/')) {
    throw new UsageError('BAD_DEVICE',
      `give the device "${text}": "${target}" is neither an absolute path nor some of r, w, m`);
  }
  if (!/^[rwm]{1,3}$/.test(permissions)) {
    throw new UsageError(
      'BAD_DEVICE',
      `give the device "${text}": "${permissions}" is none of r, w, m`,
    );
  }
  return { source, target, permissions };
}

/** `NAME=SOFT[:HARD]` or `host`; -1 is unlimited. */
export function parseUlimit(text: string): UlimitRequest {
  if (text === 'host') {
    return { name: 'host', soft: -1, hard: -1 };
  }
  const found = /^([a-z_]+)=(-1|unlimited|\d{1,19})(?::(-1|unlimited|\d{1,19}))?$/i.exec(text);
  if (found === null) {
    throw new UsageError('BAD_ULIMIT', `read --ulimit "${text}": not NAME=SOFT[:HARD]`);
  }
  const [, name = '', soft = '', hard = soft] = found;
  const limit = (value: string): number => (value === 'unlimited' ? -1 : Number(value));
  return { name: name.toLowerCase().replace(/^rlimit_/, ''), soft: limit(soft), hard: limit(hard) };
}

/** `NAME=VALUE` texts as an object. */
export function parseSysctls(texts: readonly string[]): Record<string, string> {
  // One text may hold several; a comma that no `NAME=` follows is a part of the value.
  const all = texts.flatMap((text) => text.split(/,(?=[^,=]+=)/));
  const entries = all.map((text): [string, string] => {
    const equals = text.indexOf('=');
    if (equals < 1) {
      throw new UsageError('BAD_SYSCTL', `read --sysctl "${text}": not NAME=VALUE`);
    }
    return [text.slice(0, equals).trim(), text.slice(equals + 1)];
  });
  return Object.fromEntries(entries);
}
