/**
 * Compiled seccomp filters, kept with the text of profile and helper: compiling takes longer
 * than starting the container, loading bytes takes none.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emulationText, refusalText, seccompText, type SecurityRequest } from '@berth/bundle';
import { nativeHelper, runHelper } from '@berth/isolation';
import { localPlatform, type ProcessSpec, type SeccompSpec } from '@berth/oci';
import type { Engine } from '../engine.ts';

const CHECKSUM_STRIDE = 16;

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
  const { mtimeMs, size } = statSync(nativeHelper());
  const source = Buffer.from(`${mtimeMs} ${size}\n${text}`);
  const folder = join(engine.directories.cache, 'seccomp');
  const path = join(folder, `${checksum(source)}.bpf`);
  const known = programOf(source, readIfThere(path));
  if (known !== undefined) {
    return known;
  }
  const program = runHelper(['seccomp'], Buffer.from(text));
  keep(folder, path, Buffer.concat([source, Buffer.of(0), program]));
  return program;
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
