/** Image configs: what an image says about itself. Nothing in a config is trusted. */
import { IntegrityError } from '@berth/errors';
import { isRecord, stringsOf } from './descriptor.ts';
import { isDigest, type Digest } from './digest.ts';
import { parseObject } from './manifest.ts';

/** An image's configuration, checked (image-spec, config.md). */
export interface ImageConfig {
  created: string | undefined;
  author: string | undefined;
  architecture: string;
  os: string;
  variant: string | undefined;
  user: string;
  /** `PORT/PROTOCOL`. */
  exposedPorts: string[];
  /** `NAME=VALUE` only: entries that could name the host's variables are dropped. */
  environment: string[];
  /** Undefined when the image has none. */
  entrypoint: string[] | undefined;
  command: string[] | undefined;
  volumes: string[];
  workingDirectory: string;
  labels: Record<string, string>;
  stopSignal: string | undefined;
  healthcheck: Record<string, unknown> | undefined;
  diffIds: Digest[];
  history: HistoryRecord[];
}

/** One step of an image's making. */
export interface HistoryRecord {
  created: string | undefined;
  createdBy: string;
  comment: string;
  emptyLayer: boolean;
}

/** Variables without `=` or with odd names would be looked up in the host's environment. */
const SAFE_VARIABLE = /^[^=\0\n*]+=[^\0]*$/;
const MAX_LAYERS = 1000;

/** The config in these bytes. Throws IntegrityError if they are no config. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const document = parseObject(bytes);
  const config = isRecord(document['config']) ? document['config'] : {};
  return {
    created: time(document['created']),
    author: text(document['author']),
    architecture: text(document['architecture']) ?? '',
    os: text(document['os']) ?? '',
    variant: text(document['variant']),
    user: text(config['User']) ?? '',
    exposedPorts: keysOf(config['ExposedPorts']),
    environment: strings(config['Env']).filter((entry) => SAFE_VARIABLE.test(entry)),
    entrypoint: stringList(config['Entrypoint']),
    command: stringList(config['Cmd']),
    volumes: keysOf(config['Volumes']),
    workingDirectory: text(config['WorkingDir']) ?? '',
    labels: stringsOf(config['Labels']),
    stopSignal: text(config['StopSignal']),
    healthcheck: isRecord(config['Healthcheck']) ? config['Healthcheck'] : undefined,
    diffIds: diffIds(document['rootfs']),
    history: history(document['history']),
  };
}

function diffIds(rootfs: unknown): Digest[] {
  const ids = isRecord(rootfs) ? rootfs['diff_ids'] : undefined;
  if (!Array.isArray(ids)) {
    return [];
  }
  if (ids.length > MAX_LAYERS || !ids.every((id) => typeof id === 'string' && isDigest(id))) {
    throw new IntegrityError('BAD_CONFIG', 'read image config: its diff ids are not digests');
  }
  return ids as Digest[];
}

function history(value: unknown): HistoryRecord[] {
  return (Array.isArray(value) ? value : []).filter(isRecord).map((entry) => ({
    created: time(entry['created']),
    createdBy: text(entry['created_by']) ?? '',
    comment: text(entry['comment']) ?? '',
    emptyLayer: entry['empty_layer'] === true,
  }));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A time of RFC 3339; any other text counts as not given. */
function time(value: unknown): string | undefined {
  const given = text(value);
  return given === undefined || Number.isNaN(Date.parse(given)) ? undefined : given;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

/** A string counts as a list of one word, as Docker reads very old images. */
function stringList(value: unknown): string[] | undefined {
  const word = text(value);
  const list = word === undefined ? strings(value) : [word];
  return list.length === 0 ? undefined : list;
}

function keysOf(value: unknown): string[] {
  return isRecord(value) ? Object.keys(value) : [];
}
