/** The config of an image that is made of a container. */
import type { MountRequest } from '@berth/bundle';
import { UsageError } from '@berth/errors';
import { systemErrorFrom } from '@berth/host';
import { isRecord, parseObject, parsePlatform, type Digest } from '@berth/oci';
import { readBounded } from '@berth/transport';
import type { Engine } from '../engine.ts';
import { applyChanges } from '../images/config-changes.ts';
import type { BerthContainer } from './record.ts';
import { readSpec } from './start.ts';

/** What the user wants in the image's config. */
export interface ConfigRequest {
  readonly author: string | undefined;
  readonly message: string | undefined;
  /** Dockerfile instructions: `CMD …`, `ENV …` and the like. */
  readonly changes: readonly string[];
  /** A file with an object of config keys (`Env`, `Cmd` …), which override all others. */
  readonly configFile: string | undefined;
  /** Mount points of the container's volumes become volumes of the image. */
  readonly includeVolumes: boolean;
  /** The image has one layer. */
  readonly squash: boolean;
}

/** Variables that Berth sets itself; see packages/bundle/src/process.ts. */
const OWN_VARIABLES = ['container', 'HOSTNAME', 'HOME', 'TERM', 'APT_CONFIG'];

type Config = Record<string, unknown>;

/**
 * Decides everything except the container's own layer; the answer makes the document from that
 * layer. Throws UsageError.
 */
export function committedConfig(
  engine: Engine,
  record: BerthContainer,
  request: ConfigRequest,
): (layer: Digest) => object {
  const { images } = engine.store;
  const image: Config = images.exists(record.imageId)
    ? parseObject(images.config(record.imageId)) : { ...parsePlatform(record.platform) };
  const base = objectOf(image['config']);
  const config = {
    ...applyChanges(request.changes, {
      ...base, ...ofContainer(engine, { record, base, request }),
    }),
    ...(request.configFile === undefined ? {} : readConfig(request.configFile)),
  };
  const created = new Date().toISOString();
  const author = request.author ?? image['author'];
  const step = {
    created,
    created_by: record.command.join(' '),
    ...(request.author === undefined ? {} : { author: request.author }),
    ...(request.message === undefined ? {} : { comment: request.message }),
  };
  const { architecture, os, variant } = image;
  return (layer) => ({
    created,
    ...(author === undefined ? {} : { author }),
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config,
    rootfs: { type: 'layers', diff_ids: [...(request.squash ? [] : record.layers), layer] },
    history: [...(request.squash ? [] : listOf(image['history'])), step],
  });
}

/** The settings of the container that differ from its image's. */
function ofContainer(
  engine: Engine,
  { record, base, request }: { record: BerthContainer; base: Config; request: ConfigRequest },
): Config {
  const { request: asked, command } = record;
  const { env } = readSpec(engine.store.containers.paths(record.id).spec).process;
  const entrypoint = asked.entrypoint ?? listOf(base['Entrypoint']);
  const ports = [...asked.expose, ...record.ports.map(portName)];
  return {
    Env: variables(env, { base: listOf(base['Env']), asked: asked.environment }),
    ...(asked.entrypoint === undefined ? {} : { Entrypoint: asked.entrypoint }),
    ...(asked.entrypoint === undefined && asked.command.length === 0
      ? {} : { Cmd: command.slice(entrypoint.length) }),
    ...(asked.user === undefined ? {} : { User: asked.user }),
    ...(asked.workingDirectory === undefined ? {} : { WorkingDir: asked.workingDirectory }),
    ...(asked.stopSignal === undefined ? {} : { StopSignal: asked.stopSignal }),
    ...withKeys('Labels', objectOf(base['Labels']), asked.labels),
    ...withKeys('ExposedPorts', objectOf(base['ExposedPorts']), emptyObjects(ports)),
    ...withKeys('Volumes', objectOf(base['Volumes']), emptyObjects(request.includeVolumes
      ? asked.mounts.filter(isLasting).map(({ target }) => target) : [])),
  };
}

function isLasting({ type }: MountRequest): boolean {
  return type === 'bind' || type === 'volume';
}

/** The container's variables, without those that Berth set for this container only. */
function variables(
  env: readonly string[],
  { base, asked }: { base: readonly string[]; asked: readonly string[] },
): string[] {
  const wanted = new Set([...base, ...asked].map(nameOf));
  return env.filter((entry) => wanted.has(nameOf(entry)) || !OWN_VARIABLES.includes(nameOf(entry)));
}

function nameOf(entry: string): string {
  return entry.slice(0, entry.indexOf('='));
}

function portName(port: { containerPort: number; protocol: string }): string {
  const { containerPort, protocol } = port;
  return `${containerPort}/${protocol}`;
}

function withKeys(key: string, known: Config, added: Config): Config {
  const all = { ...known, ...added };
  return Object.keys(all).length === 0 ? {} : { [key]: all };
}

function emptyObjects(names: readonly string[]): Config {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

function objectOf(value: unknown): Config {
  return isRecord(value) ? value : {};
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value : [];
}

function readConfig(path: string): Config {
  let text: string;
  try {
    text = readBounded(path);
  } catch (error) {
    throw systemErrorFrom(error, 'read config', path);
  }
  try {
    return parseObject(Buffer.from(text));
  } catch (cause) {
    throw new UsageError('BAD_CONFIG', `read config "${path}": it is not a json object`, { cause });
  }
}
