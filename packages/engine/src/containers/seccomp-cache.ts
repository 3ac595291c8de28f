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

/** The BPF program of a container's profile; undefined for none. */
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

/** Filters that another helper compiled are gone, and what killed commands were writing. */
export function pruneSeccomp(engine: Engine): void {
  const own = `${helperVersion()}-`;
  removeFilters(folderOf(engine), (name) => !name.startsWith(own) || !name.endsWith('.bpf'));
}

function folderOf({ directories }: Engine): string {
  return join(directories.cache, 'seccomp');
}

/** Of two versions of one size the times differ, to the nanosecond where the disk has that. */
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

/** A file's time of access is kept to the day (relatime, mount(8)). */
function isIdle(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  const usedMs = Math.max(status?.atimeMs ?? 0, status?.mtimeMs ?? 0);
  return status !== undefined && Date.now() - usedMs > IDLE_MS;
}

/**
 * FNV-1a of the length and of every sixteenth byte: it names the file only, since the file repeats
 * the text that it was compiled from; hashing all of it took as long as reading the image.
 */
function checksum(bytes: Uint8Array): string {
  let hash = 0x811c9dc5 ^ bytes.length;
  for (let at = 0; at < bytes.length; at += CHECKSUM_STRIDE) {
    hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

const BPF_INSTRUCTION_BYTES = 8;

/** What a kept file holds for this source: the source, a NUL, and the program. */
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

/** A cache that can't be written costs time only. */
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
