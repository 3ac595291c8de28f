/** `--pid`, `--ipc`, `--uts`, `--cgroupns`, `--cgroups` and `--network` as requests. */
import type { CgroupMode, NamespaceRequest, NetworkRequest } from '@berth/engine';
import { UnsupportedError, UsageError } from '@berth/errors';

type Kind = NamespaceRequest['kind'];

/** Throws UsageError when the namespace has no such mode. */
export function parseNamespace(
  flag: string,
  text: string | undefined,
  modes: readonly Kind[],
): NamespaceRequest {
  const [mode = '', value] = splitMode(text ?? 'private');
  const kind = mode === 'ns' ? 'path' : mode === '' ? 'private' : (mode as Kind);
  if (!modes.includes(kind)) {
    const known = modes.map((name) => (name === 'path' ? 'ns:PATH' : name)).join(', ');
    throw new UsageError('BAD_NAMESPACE', `read --${flag} "${text}": no such mode`, {
      hint: `use one of ${known.replace('container', 'container:NAME')}`,
    });
  }
  if (kind === 'container' || kind === 'path') {
    return { kind, value: requireValue(flag, text ?? '', value) };
  }
  return { kind } as NamespaceRequest;
}

const CGROUP_MODES: Readonly<Record<string, CgroupMode>> = {
  enabled: 'enabled',
  'no-conmon': 'enabled',
  disabled: 'disabled',
  split: 'split',
};

/** The cgroup mode. Throws UsageError when there is no such mode. */
export function parseCgroups(text: string | undefined): CgroupMode {
  const mode = Object.hasOwn(CGROUP_MODES, text ?? 'enabled') && CGROUP_MODES[text ?? 'enabled'];
  if (mode) return mode;
  throw new UsageError('BAD_CGROUPS', `read --cgroups "${text}": no such mode`, {
    hint: `use one of ${Object.keys(CGROUP_MODES).join(', ')}`,
  });
}

/** The network that is asked for; without a flag the engine chooses. */
export function parseNetwork(text: string | undefined): NetworkRequest {
  const [mode = '', value] = splitMode(text ?? '');
  const plain = (kind: NetworkRequest['kind']): NetworkRequest => ({
    kind,
    options: [],
    value: undefined,
  });
  switch (mode) {
    case '':
    case 'default':
    case 'private':
      return plain('default');
    case 'none':
    case 'host':
      return plain(mode);
    case 'pasta':
    case 'slirp4netns':
      return { kind: mode, options: value === undefined ? [] : value.split(','), value: undefined };
    case 'container':
      return { kind: 'container', options: [], value: requireValue('network', text ?? '', value) };
    case 'ns':
      return { kind: 'path', options: [], value: requireValue('network', text ?? '', value) };
    default:
      throw new UnsupportedError(
        'NAMED_NETWORK',
        `use the network "${text}": named networks are not supported`,
        {
          hint: mode === 'bridge'
            ? 'use --network default, which reaches the network and publishes ports'
            : 'use none, host, pasta, slirp4netns, container:NAME or ns:PATH',
        },
      );
  }
}

function splitMode(text: string): [string, string | undefined] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

function requireValue(flag: string, text: string, value: string | undefined): string {
  if (value === undefined || value === '') {
    throw new UsageError('BAD_NAMESPACE', `read --${flag} "${text}": a name must follow the colon`);
  }
  return value;
}
