/** Platforms of images, with the names that people use for them. */
import { UsageError } from '@berth/errors';

/** A platform in Go's names (image-spec, image-index.md). */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

const ARCHITECTURES = new Map(Object.entries({
  x86_64: 'amd64',
  'x86-64': 'amd64',
  x64: 'amd64',
  aarch64: 'arm64',
  i386: '386',
  i686: '386',
  ia32: '386',
  armhf: 'arm',
  armel: 'arm',
}));

/**
 * The names that images use for the architecture; arm64's variant v8 is its default and left out.
 */
export function normalizePlatform(platform: Platform): Platform {
  const architecture = ARCHITECTURES.get(platform.architecture) ?? platform.architecture;
  const { variant } = platform;
  const keep =
    variant !== undefined && variant !== '' && !(architecture === 'arm64' && /^v?8$/.test(variant));
  return {
    os: platform.os.toLowerCase(),
    architecture,
    ...(keep ? { variant: /^\d$/.test(variant) ? `v${variant}` : variant } : {}),
  };
}

/** `OS[/ARCH[/VARIANT]]` or `ARCH`. Throws UsageError for anything else. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(part))) {
    throw new UsageError(
      'BAD_PLATFORM',
      `read the platform "${text}": not of the form os/arch[/variant]`,
    );
  }
  const [first = '', second, variant] = parts;
  const local = localPlatform();
  if (second === undefined) {
    return first === 'linux' ? local : normalizePlatform({ os: local.os, architecture: first });
  }
  return normalizePlatform({ os: first, architecture: second, ...(variant ? { variant } : {}) });
}

/** This machine's. */
export function localPlatform(): Platform {
  return normalizePlatform({
    os: 'linux',
    architecture: process.arch === 'arm' ? 'arm' : process.arch,
  });
}

/**
 * The entry that fits best: it has the same os and architecture, and exactly the requested variant
 * (or none, if none is requested). Else the first with any variant if none is requested, and the
 * first without a variant otherwise. Undefined if none fits.
 */
export function choosePlatform<T extends { platform?: Platform }>(
  entries: readonly T[],
  wanted: Platform,
): T | undefined {
  const want = normalizePlatform(wanted);
  const suits = entries.filter(({ platform }) => {
    const have = platform === undefined ? undefined : normalizePlatform(platform);
    return have?.os === want.os && have.architecture === want.architecture;
  });
  const variant = (entry: T): string | undefined =>
    entry.platform === undefined ? undefined : normalizePlatform(entry.platform).variant;
  const exact = suits.find((entry) => variant(entry) === want.variant);
  return (
    exact ?? (want.variant === undefined ? suits[0] : suits.find((e) => variant(e) === undefined))
  );
}

/** `os/architecture[/variant]` */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}
