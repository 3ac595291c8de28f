/** Sizes as users type them: `512m`, `1.5g`, `64MiB`, `1000`. */
import { UsageError } from '@berth/errors';

const UNITS: Readonly<Record<string, number>> = {
  '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40,
};

/** Bytes; units are powers of 1024, as in Podman. Throws UsageError naming the flag. */
export function parseSize(text: string, flag: string): number {
  const found = /^(\d+(?:\.\d+)?) ?([kmgt]?)(i?b)?$/i.exec(text);
  const unit = UNITS[found?.[2]?.toLowerCase() ?? ''];
  const bytes = Math.floor(Number(found?.[1]) * (unit ?? NaN));
  if (!Number.isSafeInteger(bytes)) {
    throw new UsageError('BAD_SIZE', `read --${flag} "${text}": not a size`, {
      hint: 'write it as 512m, 2g or a number of bytes',
    });
  }
  return bytes;
}

/** As parseSize(), of a flag that may be absent. */
export function parseOptionalSize(text: string | undefined, flag: string): number | undefined {
  return text === undefined ? undefined : parseSize(text, flag);
}
