/**
 * The worker process that unpacks an archive from standard input into a folder, beside what is
 * there: the files of a volume. Must be root of the user's namespace. It changes its root to the
 * folder first, so no name in the archive, and no link that a container makes in the folder
 * meanwhile, leads out of it.
 */
import { loadSyscalls, succeed, systemErrorFrom } from '@berth/host';
import { decompress } from './decompress.ts';
import type { OwnerPolicy } from './entry-attributes.ts';
import { LayerApplier } from './layer-applier.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { readChunks } from './read-chunks.ts';
import { TarReader } from './tar-reader.ts';
import { tellFailure } from './worker-failure.ts';

/** Where files are unpacked. */
export interface UnpackRequest {
  readonly folder: string;
  readonly owners: OwnerPolicy;
}

/** The arguments to give to the worker's command. */
export function unpackWorkerArguments(request: UnpackRequest): string[] {
  return [JSON.stringify(request)];
}

/**
 * Everything in the archive is in the folder, in place of what had the same name; returns the exit
 * status, with one line of JSON when it is not 0. What precedes a fault in the archive stays.
 */
export async function runUnpackWorker(args: readonly string[]): Promise<number> {
  const { folder, owners } = JSON.parse(args[0] ?? '') as UnpackRequest;
  try {
    const syscalls = loadSyscalls();
    succeed(syscalls.chdir(folder), 'enter', folder);
    succeed(syscalls.chroot('.'), 'change root to', folder);
    syscalls.umask(0);
    await unpack(readChunks(0), owners);
    return 0;
  } catch (error) {
    return tellFailure(systemErrorFrom(error, 'read', 'archive'));
  }
}

async function unpack(input: AsyncIterable<Uint8Array>, owners: OwnerPolicy): Promise<void> {
  const applier = new LayerApplier(undefined, DEFAULT_LIMITS, { owners, marks: 'none' });
  const reader = new TarReader(applier);
  for await (const chunk of (await decompress(input)).bytes) reader.push(chunk);
  reader.finish();
  applier.finish();
}
