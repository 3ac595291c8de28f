/** `--userns`, `--uidmap` and `--gidmap`: which ids a container has. */
import type { UserNamespaceRequest } from '@berth/engine';
import { UnsupportedError, UsageError } from '@berth/errors';

/** The flags that choose a user namespace, as typed. */
export interface UserNamespaceFlags {
  readonly userns: string | undefined;
  readonly uidmap: readonly string[];
  readonly gidmap: readonly string[];
  readonly subuidname: string | undefined;
  readonly subgidname: string | undefined;
}

/** Undefined means the user's shared namespace, the default. Throws UsageError. */
export function parseUserNamespace(flags: UserNamespaceFlags): UserNamespaceRequest | undefined {
  const { userns: mode, uidmap, gidmap, subuidname, subgidname } = flags;
  const [kind = '', options] = split(mode ?? '');
  const isNamed = subuidname !== undefined || subgidname !== undefined;
  const isMapped = uidmap.length > 0 || gidmap.length > 0;
  if ((isNamed || isMapped) && kind !== '' && kind !== 'private') {
    const other = isNamed ? '--subuidname and --subgidname' : '--uidmap and --gidmap';
    throw new UsageError('BAD_USERNS', `read --userns "${mode}": ${other} say it`, {
      hint: 'leave one of them out',
    });
  }
  if (isNamed && isMapped) {
    throw new UsageError('BAD_USERNS', 'read --subuidname: --uidmap and --gidmap say it', {
      hint: 'leave one of them out',
    });
  }
  if (isNamed) {
    const [uidName = '', gidName = ''] = [subuidname ?? subgidname, subgidname ?? subuidname];
    return { kind: 'names', uidName, gidName };
  }
  if (isMapped) return mapsOf(uidmap, gidmap);
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
      return autoOf(mode ?? '', options);
    case 'container':
      if (options !== undefined && options !== '') return { kind: 'container', value: options };
      break;
    case 'ns':
      throw new UnsupportedError('USERNS_PATH', `read --userns "${mode}": namespaces of other `
        + "programs can't be joined", { hint: 'use container:NAME, or --uidmap and --gidmap' });
  }
  throw new UsageError('BAD_USERNS', `read --userns "${mode}": no such mode`, {
    hint: 'use one of host, private, keep-id[:uid=N,gid=N,size=N], nomap, container:NAME, '
      + 'auto[:size=N,uidmapping=MAP,gidmapping=MAP]',
  });
}

/** `size=N`, and any number of `uidmapping=` and `gidmapping=CONTAINER:FROM[:COUNT]`. */
function autoOf(mode: string, options: string | undefined): UserNamespaceRequest {
  const parts = options?.split(',') ?? [];
  const mapsOfKind = (name: string): string[] =>
    parts.filter((part) => part.startsWith(name)).map((part) => part.slice(name.length));
  const rest = parts.filter((part) => !/^[ug]idmapping=/.test(part));
  const [uidMaps, gidMaps] = [mapsOfKind('uidmapping='), mapsOfKind('gidmapping=')];
  return {
    kind: 'auto',
    ...numbers(mode, rest.length === 0 ? undefined : rest.join(','), ['size']),
    ...(uidMaps.length > 0 ? { uidMaps } : {}),
    ...(gidMaps.length > 0 ? { gidMaps } : {}),
  };
}

/** One map is used for uids and gids; with `u` or `g` before the numbers, only for one of them. */
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
