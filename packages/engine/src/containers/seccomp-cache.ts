/**
 * Compiled seccomp filters, kept under the hash of profile and helper: compiling takes longer
 * than starting the container, loading bytes takes none.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusalText, seccompText, type ContainerRequest } from '@berth/bundle';
import { nativeHelper, runHelper } from '@berth/isolation';
import type { SeccompSpec } from '@berth/oci';
import type { Engine } from '../engine.ts';

/** The BPF program of a container's profile; undefined for none. */
export function compiledSeccomp(
  engine: Engine,
  profile: SeccompSpec | undefined,
  { security }: ContainerRequest,
): Buffer | undefined {
  if (profile === undefined) {
    return undefined;
  }
  const isDefault = security.seccompProfile === undefined;
  const text = seccompText(profile) + (isDefault ? refusalText(profile.architectures) : '');
  const { mtimeMs, size } = statSync(nativeHelper());
  const key = createHash('sha256').update(`${mtimeMs} ${size}\n${text}`).digest('hex');
  const folder = join(engine.directories.cache, 'seccomp');
  const path = join(folder, `${key}.bpf`);
  const known = readIfThere(path);
  if (known !== undefined && known.length > 0 && known.length % BPF_INSTRUCTION_BYTES === 0) {
    return known;
  }
  const program = runHelper(['seccomp'], Buffer.from(text));
  keep(folder, path, program);
  return program;
}

const BPF_INSTRUCTION_BYTES = 8;

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
