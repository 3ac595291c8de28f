/**
 * Keeps compiled seccomp filters, found by the text of the profile and the helper that compiled
 * them: compiling a filter takes longer than starting the container, loading its bytes takes
 * almost no time. Filters of other helpers are removed by `system prune`, or when nobody has used
 * them for a month.
 */
import {
  mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { emulationText, refusalText, seccompText, type SecurityRequest } from '@berth/bundle';
import { nativeHelper, runHelper } from '@berth/isolation';
import { localPlatform, type ProcessSpec, type SeccompSpec } from '@berth/oci';
import type { Engine } from '../engine.ts';

const CHECKSUM_STRIDE = 16;
const IDLE_MS = 30 * 24 * 3600 * 1000;

/** The BPF program of a container's profile; undefined where there is no profile. */
export function compiledSeccomp(
  engine: Engine,
  profile: SeccompSpec | undefined,
  { security, capabilities }: { security: SecurityRequest; capabilities: readonly string[] },
): Buffer | undefined {
  if (profile === undefined) {
    return undefined;
  }
  const isDefault = security.seccompProfile === undefined;
  const refusals = isDefault ? refusalText(profile.architectures, capabilities) : '';
  return compiled(engine, seccompText(profile) + refusals);
}

/** The filter by which root is emulated for a process. */
export function compiledEmulation(engine: Engine, process: ProcessSpec): Buffer {
  const { architecture } = localPlatform();
  return compiled(engine, emulationText(architecture, process.capabilities?.bounding ?? []));
}

function compiled(engine: Engine, text: string): Buffer {
  const helper = helperVersion();
  const source = Buffer.from(`${helper}\n${text}`);
  const folder = folderOf(engine);
  const path = join(folder, `${helper}-${checksum(source)}.bpf`);
  const known = programOf(source, readIfThere(path));
  if (known !== undefined) {
    return known;
  }
  const program = runHelper(['seccomp'], Buffer.from(text));
  keep(folder, path, Buffer.concat([source, Buffer.of(0), program]));
  removeFilters(folder, (name) => isIdle(join(folder, name)));
  return program;
}

/**
 * Removes filters that another version of the helper compiled, and files that killed commands did
 * not finish.
 */
export function pruneSeccomp(engine: Engine): void {
  const own = `${helperVersion()}-`;
  removeFilters(folderOf(engine), (name) => !name.startsWith(own) || !name.endsWith('.bpf'));
}

function folderOf({ directories }: Engine): string {
  return join(directories.cache, 'seccomp');
}

/** Two versions of the helper may have the same size, but they differ in their time of change. */
function helperVersion(): string {
  const { mtimeMs, size } = statSync(nativeHelper());
  return `${mtimeMs}-${size}`;
}

function removeFilters(folder: string, isUnwanted: (name: string) => boolean): void {
  for (const name of namesIn(folder).filter(isUnwanted)) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The kernel updates a file's access time about once a day (relatime, mount(8)). */
function isIdle(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  const usedMs = Math.max(status?.atimeMs ?? 0, status?.mtimeMs ?? 0);
  return status !== undefined && Date.now() - usedMs > IDLE_MS;
}

/**
 * FNV-1a of the length and of every sixteenth byte. It only makes the file's name, since the file
 * also contains the text that it was compiled from. To hash all of the text took as long as reading
 * the image.
 */
function checksum(bytes: Uint8Array): string {
  let hash = 0x811c9dc5 ^ bytes.length;
  for (let at = 0; at < bytes.length; at += CHECKSUM_STRIDE) {
    hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

const BPF_INSTRUCTION_BYTES = 8;

/**
 * The program in a kept file, which holds the source, a NUL and the program; undefined when the
 * source is another one.
 */
function programOf(source: Buffer, file: Buffer | undefined): Buffer | undefined {
  if (file === undefined || !file.subarray(0, source.length).equals(source)) {
    return undefined;
  }
  const program = file.subarray(source.length + 1);
  return program.length > 0 && program.length % BPF_INSTRUCTION_BYTES === 0 ? program : undefined;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Errors are ignored: without the cache the filter is only compiled again. */
function keep(folder: string, path: string, program: Buffer): void {
  const temporary = `${path}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(temporary, program, { mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    return;
  }
}
