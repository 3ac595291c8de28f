/**
 * auth.json and ~/.docker/config.json: where these files are, what they hold, and how to change
 * one entry while everything else stays unchanged, also keys that Berth does not know.
 */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { NotFoundError, SystemError, UsageError } from '@berth/errors';
import { readBoundedFile } from './bounded-text.ts';
import type { Credentials } from './credential-record.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Json = Record<string, unknown>;

/** A place where an auth file may be. */
export interface AuthFilePlace {
  readonly path: string;
  /** The user named it. */
  readonly isRequired: boolean;
  /** In a folder that may belong to somebody else: a file that can't be reached is not ours. */
  readonly isShared?: boolean;
}

/** An auth file as read. */
export interface AuthFile {
  readonly auths: ReadonlyMap<string, Credentials>;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore: string | undefined;
}

/** The auth files to ask, the first match wins; if one is named, only that. */
export function authFilePaths(sources: {
  readonly authFile: string | undefined;
  readonly environment: Environment;
}): AuthFilePlace[] {
  const { environment } = sources;
  const named = sources.authFile ?? environment['REGISTRY_AUTH_FILE'];
  if (named !== undefined && named !== '') {
    return [{ path: named, isRequired: sources.authFile !== undefined }];
  }
  const home = environment['HOME'] ?? homedir();
  const runtime = environment['XDG_RUNTIME_DIR'];
  const config = environment['XDG_CONFIG_HOME'] ?? join(home, '.config');
  const paths: string[] = [
    ...(runtime === undefined || runtime === '' ? [] : [join(runtime, 'containers/auth.json')]),
    join(config, 'containers/auth.json'),
    join(environment['DOCKER_CONFIG'] ?? join(home, '.docker'), 'config.json'),
  ];
  const places = paths.map((path) => ({ path, isRequired: false }));
  if (runtime !== undefined && runtime !== '') return places;
  // Where Podman writes without XDG_RUNTIME_DIR. It is gone at the next boot, so Berth only reads
  // it. If root's Podman made the folder, only root can enter it.
  const path = join('/run/containers', callersUid(environment), 'auth.json');
  return [...places, { path, isRequired: false, isShared: true }];
}

/** Root's process has another uid by now, see host/root-caller.ts. */
function callersUid(environment: Environment): string {
  return environment['BERTH_ROOT_CALLER'] === undefined ? String(process.getuid?.() ?? 0) : '0';
}

/** The file that `login` writes: the named one, else the first of Podman's. */
export function writableAuthFile(sources: {
  readonly authFile: string | undefined;
  readonly environment: Environment;
}): string {
  const [first] = authFilePaths(sources);
  if (first === undefined) throw new UsageError('BAD_AUTH_FILE', 'find an auth file: no home');
  return first.path;
}

/**
 * The file's content, or undefined when an unnamed one is missing. Throws NotFoundError for a
 * missing named file, UsageError for one that is not an auth file.
 */
export async function readAuthFile(place: AuthFilePlace): Promise<AuthFile | undefined> {
  const text = readPlace(place);
  if (text === undefined) {
    if (!place.isRequired) return undefined;
    throw new NotFoundError('NO_AUTH_FILE', `open auth file "${place.path}": no such file`, {
      hint: `berth login --authfile ${place.path} REGISTRY`,
    });
  }
  const document = parseDocument(place.path, text);
  return {
    auths: readAuths(place.path, document),
    credHelpers: stringValues(asObject(document['credHelpers'])),
    credsStore: textValue(document['credsStore']),
  };
}

/**
 * The file at `path` holds what `change` made of its document, in one step and readable by its
 * owner only; a link stays a link. Repeats when another program wrote meanwhile.
 */
export async function changeAuthFile(
  path: string,
  change: (document: Json) => Json,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const before = readText(path);
    const document = change(before === undefined ? {} : parseDocument(path, before));
    const text = `${JSON.stringify(document, undefined, '\t')}\n`;
    if (await replaceUnlessChanged({ path, before, text })) return;
    if (attempt === 5) {
      throw new SystemError('AUTH_FILE_BUSY', `write auth file "${path}": it keeps changing`);
    }
  }
}

/** `value` as a JSON object; anything else is an empty one. */
export function asObject(value: unknown): Json {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Json) : {};
}

async function replaceUnlessChanged(step: {
  path: string;
  before: string | undefined;
  text: string;
}): Promise<boolean> {
  const target = step.before === undefined ? step.path : await ownTarget(step.path);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const temporary = `${target}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  try {
    await removeLeftovers(target);
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(step.text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (readText(step.path) !== step.before) return false;
    await rename(temporary, target);
    return true;
  } catch (cause) {
    // A process that can't see this one (another pid namespace or host) took the file for a
    // leftover.
    if (codeOf(cause) === 'ENOENT') return false;
    throw new SystemError('AUTH_FILE_WRITE', `write auth file "${step.path}": ${reason(cause)}`);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes what killed commands were writing beside the file, because it contains secrets. */
async function ownTarget(path: string): Promise<string> {
  const link = await lstat(path);
  if (link.isSymbolicLink() && ![0, process.getuid?.()].includes(link.uid)) {
    throw new SystemError('AUTH_FILE_WRITE',
      `write auth file "${path}": it is a link that belongs to uid ${link.uid}`);
  }
  return realpath(path);
}

/** What killed commands were writing beside the file is gone: there are secrets in it. */
async function removeLeftovers(target: string): Promise<void> {
  const folder = dirname(target);
  for (const name of await readdir(folder)) {
    const rest = name.startsWith(`${basename(target)}.`) ? name.slice(basename(target).length) : '';
    const pid = /^\.(\d+)-[0-9a-f]{12}\.tmp$/.exec(rest)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function readPlace({ path, isShared = false }: AuthFilePlace): string | undefined {
  try {
    return readText(path);
  } catch (error) {
    if (isShared && error instanceof SystemError) return undefined;
    throw error;
  }
}

function readText(path: string): string | undefined {
  try {
    return readBoundedFile(path);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new SystemError('AUTH_FILE_READ', `read auth file "${path}"`, { cause });
  }
}

function parseDocument(path: string, text: string): Json {
  if (text.trim() === '') return {};
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
      return document as Json;
    }
  } catch {
    // Docker leaves an empty entry for a server whose secret is in a credential helper.
  }
  throw new UsageError('BAD_AUTH_FILE', `read auth file "${path}": not a JSON object`);
}

function readAuths(path: string, document: Json): Map<string, Credentials> {
  const auths = new Map<string, Credentials>();
  for (const [key, value] of Object.entries(asObject(document['auths']))) {
    const entry = readEntry({ path, key, entry: asObject(value) });
    if (entry !== undefined) auths.set(key, entry);
  }
  return auths;
}

function readEntry(at: { path: string; key: string; entry: Json }): Credentials | undefined {
  const { entry } = at;
  const tokens = {
    identityToken: textValue(entry['identitytoken']),
    registryToken: textValue(entry['registrytoken']),
  };
  const encoded = textValue(entry['auth']);
  if (encoded !== undefined) {
    const decoded = Buffer.from(encoded, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = decoded.indexOf(':');
    if (colon === -1) {
      throw new UsageError(
        'BAD_AUTH_FILE',
        `read auth file "${at.path}": "${at.key}" has no user and password`,
      );
    }
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1), ...tokens };
  }
  const username = textValue(entry['username']) ?? '';
  const password = textValue(entry['password']) ?? '';
  // Docker leaves an empty entry for a server whose secret is with a helper.
  if (username === '' && tokens.identityToken === undefined && tokens.registryToken === undefined) {
    return undefined;
  }
  return { username, password, ...tokens };
}

function textValue(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function stringValues(values: Json): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, value] of Object.entries(values)) {
    if (typeof value === 'string') found[key] = value;
  }
  return found;
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/,.*$/, '') : String(cause);
}
