/** `-v`, `--mount` and `--tmpfs` as mount requests. */
import { homedir } from 'node:os';
import type { MountRequest } from '@berth/engine';
import { UnsupportedError, UsageError } from '@berth/errors';
import { absolutePath } from '../current-folder.ts';
import { splitCsv } from '../parse/csv.ts';
import { parseSize } from './size.ts';

/** `[SOURCE:]TARGET[:OPTIONS]`; a source that begins with a slash or a dot is a folder or file. */
export function parseVolume(text: string): MountRequest {
  const parts = text.split(':');
  const [first = '', second, third] = parts;
  if (parts.length > 3 || first === '' || second === '') {
    throw badMount('volume', text, 'not [SOURCE:]TARGET[:OPTIONS]');
  }
  if (second === undefined) {
    return { type: 'volume', name: undefined, target: first, options: [] };
  }
  const options = (third ?? '').split(',').filter((option) => option !== '');
  if (/^~(\/|$)/.test(first)) {
    throw new UsageError('TILDE', `mount "${text}": "~" is a word of the shell, which left it`, {
      hint: `-v "$HOME${text.slice(1)}"`,
    });
  }
  if (/^[^./].*\//.test(first)) {
    throw new UsageError('NO_VOLUME_NAME', `mount "${text}": "${first}" is no name of a volume`, {
      hint: `a folder begins with / or ./: -v ./${text}`,
    });
  }
  if (/^[./]/.test(first)) {
    const source = givable(text, absolutePath(first), options);
    return { type: 'bind', source, target: second, options, createSource: false };
  }
  return { type: 'volume', name: first, target: second, options };
}

/** Answers the source. Throws UsageError where `U` would give the caller's home to another user. */
function givable(text: string, source: string, options: readonly string[]): string {
  const home = `${absolutePath(homedir())}/`;
  if (options.includes('U') && home.startsWith(source === '/' ? source : `${source}/`)) {
    throw new UsageError('GIVES_HOME', `mount "${text}": "U" would give away your home`, {
      hint: 'leave "U" out, or name a folder below it',
    });
  }
  return source;
}

/** `PATH[:OPTIONS]`. */
export function parseTmpfs(text: string): MountRequest {
  const colon = text.indexOf(':');
  const target = colon < 0 ? text : text.slice(0, colon);
  const options = colon < 0 ? [] : text.slice(colon + 1).split(',');
  return { type: 'tmpfs', target, options: options.filter((option) => option !== '') };
}

/** `type=bind,source=…,target=…,…`. Throws UsageError for unknown keys. */
export function parseMount(text: string): MountRequest {
  const mount: MountParts = { text, type: 'volume', source: undefined, target: '', options: [] };
  for (const field of splitCsv(text)) {
    const equals = field.indexOf('=');
    const key = equals < 0 ? field : field.slice(0, equals);
    readField(mount, key.trim(), equals < 0 ? undefined : field.slice(equals + 1));
  }
  if (mount.target === '') {
    throw badMount('mount', text, 'the target is missing');
  }
  return mountRequest(mount);
}

interface MountParts {
  text: string;
  type: string;
  source: string | undefined;
  target: string;
  options: string[];
}

function mountRequest({ text, type, source, target, options }: MountParts): MountRequest {
  switch (type) {
    case 'bind':
      if (source === undefined || source === '') {
        throw badMount('mount', text, 'a bind needs a source');
      }
      return {
        type,
        source: givable(text, absolutePath(source), options),
        target,
        options,
        createSource: false,
      };
    case 'volume':
      return { type, name: source === '' ? undefined : source, target, options };
    case 'tmpfs':
      if (source !== undefined) throw badMount('mount', text, 'a tmpfs has no source');
      return { type, target, options };
    case 'image':
      return { type, source: imageSource(text, source), target, options: access(text, options) };
    default:
      throw new UnsupportedError(
        'MOUNT_TYPE',
        `mount "${text}": the type "${type}" is not supported`,
        {
          hint: 'use type=bind, type=image, type=tmpfs or type=volume',
        },
      );
  }
}

function imageSource(text: string, source: string | undefined): string {
  if (source !== undefined && source !== '') return source;
  throw badMount('mount', text, 'an image has to be named: source=IMAGE');
}

/** Answers the options, of which an image takes only these. */
function access(text: string, options: string[]): string[] {
  const odd = options.find((option) => option !== 'ro' && option !== 'rw');
  if (odd === undefined) return options.slice(-1);
  throw badMount('mount', text, `an image takes no "${odd}", only ro and rw`);
}

const PLAIN_OPTIONS = new Set([
  'ro',
  'rw',
  'suid',
  'nosuid',
  'dev',
  'nodev',
  'exec',
  'noexec',
  'U',
  'copy',
  'nocopy',
  'tmpcopyup',
  'notmpcopyup',
  'noatime',
  'relatime',
  'bind',
  'rbind',
  'z',
  'Z',
]);
const ON = new Set(['true', '1']);
const OFF = new Set(['false', '0']);
const OTHER_NAMES: Readonly<Record<string, string>> = {
  readonly: 'ro', readwrite: 'rw', chown: 'U', 'volume-nocopy': 'nocopy',
};
const NEGATIONS: Readonly<Record<string, string>> = { ro: 'rw', rw: 'ro' };

function readField(mount: MountParts, key: string, value: string | undefined): void {
  switch (key) {
    case 'type':
      mount.type = value ?? '';
      return;
    case 'source':
    case 'src':
      mount.source = value ?? '';
      return;
    case 'target':
    case 'dst':
    case 'destination':
      mount.target = value ?? '';
      return;
    case 'consistency':
      return;
    case 'relabel':
      requireOneOf(mount.text, { key, value, known: ['shared', 'private'] });
      return;
    case 'volume-driver':
      requireOneOf(mount.text, { key, value, known: ['local'] });
      return;
    default:
      mount.options.push(...optionsOf(mount.text, key, value));
  }
}

function optionsOf(text: string, key: string, value: string | undefined): string[] {
  if (key === 'bind-propagation' && value !== undefined) return [value];
  if (key === 'tmpfs-size') return [`size=${parseSize(value ?? '', 'mount')}`];
  if (key === 'tmpfs-mode') return [`mode=${value ?? ''}`];
  const isOn = value === undefined || ON.has(value);
  if (key === 'bind-nonrecursive') return [isOn ? 'bind' : 'rbind'];
  const name = OTHER_NAMES[key] ?? key;
  if (!PLAIN_OPTIONS.has(name)) {
    throw badMount('mount', text, `no such key as "${key}"`);
  }
  if (!isOn && !OFF.has(value)) throw badMount('mount', text, `"${value}" is no value of ${key}`);
  const off = NEGATIONS[name];
  return isOn ? [name] : off === undefined ? [] : [off];
}

/** An option that has no effect here must still be a valid one. */
function requireOneOf(
  text: string,
  { key, value = '', known }: { key: string; value: string | undefined; known: readonly string[] },
): void {
  if (!known.includes(value)) {
    throw badMount('mount', text, `"${value}" is no value of ${key}, only ${known.join(' and ')}`);
  }
}

function badMount(flag: string, text: string, reason: string): UsageError {
  return new UsageError('BAD_MOUNT', `read --${flag} "${text}": ${reason}`, {
    hint: 'see "berth run --help"',
  });
}

/** `--image-volume`; `bind` is Podman's older word. Throws UsageError. */
export function parseImageVolumes(text: string | undefined): 'anonymous' | 'tmpfs' | 'ignore' {
  switch (text) {
    case undefined:
    case '':
    case 'bind':
    case 'anonymous':
      return 'anonymous';
    case 'tmpfs':
    case 'ignore':
      return text;
    default:
      throw new UsageError('BAD_IMAGE_VOLUME', `read --image-volume "${text}": no such mode`, {
        hint: 'use anonymous, tmpfs or ignore',
      });
  }
}
