/** `--userns`, `--uidmap` and `--gidmap`: whose ids a container has. */
import type { UserNamespaceRequest } from '@berth/engine';
import { UsageError } from '@berth/errors';

/** Undefined is the user's shared namespace, which is the default. Throws UsageError. */
export function parseUserNamespace(
  mode: string | undefined,
  uidMap: readonly string[],
  gidMap: readonly string[],
): UserNamespaceRequest | undefined {
  const [kind = '', options] = split(mode ?? '');
  if (uidMap.length > 0 || gidMap.length > 0) {
    if (kind !== '' && kind !== 'private') {
      throw new UsageError('BAD_USERNS', `read --userns "${mode}": --uidmap and --gidmap say it`, {
        hint: 'leave one of them out',
      });
    }
    return mapsOf(uidMap, gidMap);
  }
  switch (kind) {
    case '':
    case 'host':
    case 'private':
      return undefined;
    case 'nomap':
      return { kind: 'nomap' };
    case 'keep-id':
      return { kind: 'keep-id', ...numbers(mode ?? '', options, ['uid', 'gid', 'size']) };
    case 'auto':
      return { kind: 'auto', ...numbers(mode ?? '', options, ['size']) };
    default:
      throw new UsageError('BAD_USERNS', `read --userns "${mode}": no such mode`, {
        hint: 'use one of host, keep-id[:uid=N,gid=N,size=N], auto[:size=N], nomap',
      });
  }
}

/** One map serves for both kinds of ids; a `u` or `g` before the numbers limits it to one. */
function mapsOf(uidMap: readonly string[], gidMap: readonly string[]): UserNamespaceRequest {
  const flagsOf = (text: string): string => /^[ug+]*/.exec(text)?.[0] ?? '';
  const isOf = (letter: string) => (text: string): boolean =>
    flagsOf(text).includes(letter) || !/[ug]/.test(flagsOf(text));
  const all = [...uidMap, ...gidMap];
  const uids = [...uidMap.filter(isOf('u')), ...gidMap.filter((t) => flagsOf(t).includes('u'))];
  const gids = [...gidMap.filter(isOf('g')), ...uidMap.filter((t) => flagsOf(t).includes('g'))];
  return {
    kind: 'maps',
    uids: uids.length > 0 ? uids : all.filter(isOf('u')),
    gids: gids.length > 0 ? gids : all.filter(isOf('g')),
  };
}

function split(mode: string): [string, string | undefined] {
  const colon = mode.indexOf(':');
  return colon < 0 ? [mode, undefined] : [mode.slice(0, colon), mode.slice(colon + 1)];
}

function numbers(
  mode: string,
  options: string | undefined,
  known: readonly string[],
): Record<string, number> {
  const found: Record<string, number> = {};
  for (const option of options === undefined ? [] : options.split(',')) {
    const match = /^([a-z]+)=(\d{1,9})$/.exec(option);
    if (match?.[1] === undefined || !known.includes(match[1])) {
      const what = `read --userns "${mode}": "${option}" is no option of it`;
      throw new UsageError('BAD_USERNS', what, {
        hint: `its options are ${known.map((name) => `${name}=N`).join(', ')}`,
      });
    }
    found[match[1]] = Number(match[2]);
  }
  return found;
}
