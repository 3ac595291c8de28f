/** The flags of every command that may pull an image. */
import type { PullOptions } from '@berth/engine/images/pull';
import type { RegistryAccess } from '@berth/engine/registry/access';
import { UsageError } from '@berth/errors';
import { askSecret } from '../output/ask.ts';
import { parseDuration } from '../parse/duration.ts';
import { ignored, refused, text, toggle, whole, type FlagValues } from './flag.ts';

/** How a registry is reached. */
export const REGISTRY_FLAGS = {
  authfile: text('PATH', 'read logins from PATH'),
  'cert-dir': text('PATH', 'certificates and keys for the registry'),
  creds: text('USER[:PASSWORD]', 'log in with these, for this command only'),
  'tls-verify': toggle('require https and a valid certificate', { initial: true }),
  'decryption-key': refused('each', 'encrypted images are not supported'),
  'disable-content-trust': ignored('toggle'),
} as const;

/** Which of an image's platforms is wanted, and how often to try. */
export const PULL_FLAGS = {
  ...REGISTRY_FLAGS,
  arch: text('ARCH', 'pull for this architecture, e.g. arm64'),
  os: text('OS', 'pull for this operating system'),
  platform: text('OS/ARCH[/VARIANT]', 'pull for this platform'),
  variant: text('VARIANT', 'pull for this variant of the architecture'),
  quiet: toggle('print the result only', { short: 'q' }),
  retry: whole('N', 'how often to try again when the registry fails'),
  'retry-delay': text('DURATION', 'how long to wait before trying again, e.g. 2s'),
} as const;

/** How the flags say that registries are reached. Asks a person for a password that is missing. */
export function registryAccess(
  flags: FlagValues<typeof REGISTRY_FLAGS>,
  given: ReadonlySet<string>,
): RegistryAccess {
  return {
    credentials: credentialsOf(flags.creds),
    authFile: flags.authfile,
    tlsVerify: given.has('tls-verify') ? flags['tls-verify'] : undefined,
    certDir: flags['cert-dir'],
  };
}

function credentialsOf(creds: string | undefined): string | undefined {
  if (creds === undefined || creds.includes(':')) return creds;
  return `${creds}:${askSecret('Password: ', `use --creds ${creds}:PASSWORD`)}`;
}

/** The options that the flags choose. Throws UsageError for contradictions. */
export function pullOptions(
  flags: FlagValues<typeof PULL_FLAGS>,
  given: ReadonlySet<string>,
  policy: string,
): PullOptions {
  return {
    policy: pullPolicy(policy),
    platform: platformOf(flags),
    ...registryAccess(flags, given),
    ...retryOptions(flags),
  };
}

/** How often a request to a registry is tried again, and after which time. */
export function retryOptions(
  flags: Pick<FlagValues<typeof PULL_FLAGS>, 'retry' | 'retry-delay'>,
): Pick<RegistryAccess, 'retry' | 'retryDelayMs'> {
  const delay = flags['retry-delay'];
  return {
    retry: flags.retry,
    retryDelayMs: delay === undefined ? undefined : parseDuration(delay),
  };
}

type PlatformValues = Pick<FlagValues<typeof PULL_FLAGS>, 'platform' | 'arch' | 'os' | 'variant'>;

const POLICIES: Readonly<Record<string, PullOptions['policy']>> = {
  always: 'always',
  true: 'always',
  missing: 'missing',
  ifnotpresent: 'missing',
  never: 'never',
  false: 'never',
  newer: 'newer',
  ifnewer: 'newer',
};

function pullPolicy(text: string): PullOptions['policy'] {
  const policy = new Map(Object.entries(POLICIES)).get(text.toLowerCase());
  if (policy === undefined) {
    throw new UsageError('BAD_PULL_POLICY', `pull by the policy "${text}": no such policy`, {
      hint: 'use always, missing, never or newer',
    });
  }
  return policy;
}

/** `OS/ARCH[/VARIANT]` of the flags, or undefined for this machine. Throws UsageError. */
export function platformOf(flags: PlatformValues): string | undefined {
  const { platform, arch, os, variant } = flags;
  if (platform !== undefined) {
    if (arch !== undefined || os !== undefined) {
      throw new UsageError('PLATFORM_TWICE', 'read --platform: it excludes --arch and --os');
    }
    return platform;
  }
  if (arch === undefined && os === undefined && variant === undefined) {
    return undefined;
  }
  const suffix = variant === undefined ? '' : `/${variant}`;
  return `${os ?? 'linux'}/${arch ?? ownArchitecture()}${suffix}`;
}

function ownArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
