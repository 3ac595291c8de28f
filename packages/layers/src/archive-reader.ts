/**
 * Reads the archives in which images are exchanged (docker-archive, oci-archive): entries in
 * order, each with a body that is streamed. It unpacks nothing and does not change names.
 */
import { badArchive } from './limits.ts';
import { decompress } from './decompress.ts';
import { TarReader } from './tar-reader.ts';
import type { TarVisitor } from './tar-reader.ts';
import { shown } from './tar-entry.ts';
import type { EntryType, TarEntry } from './tar-entry.ts';

/** One entry of an archive and its content. */
export interface ArchiveItem {
  readonly header: {
    /** As in the archive; not checked for `..`: never join it to a path. */
    readonly name: string;
    readonly type: EntryType;
    /** Target of a link. */
    readonly linkName: string;
    readonly sizeBytes: number;
    /** Seconds since 1970. */
    readonly mtimeSeconds: number;
  };
  /** Must be read before the next item is requested; the rest of it is skipped then. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What the reader found in the pushed bytes. */
type ArchiveEvent =
  | { readonly kind: 'begin'; readonly entry: TarEntry }
  | { readonly kind: 'payload'; readonly bytes: Buffer }
  | { readonly kind: 'end' };

/**
 * The entries of an archive, which may be packed with gzip or zstd. Memory is one chunk of the
 * source. Throws an IntegrityError for a broken archive, and what reading the source throws.
 */
export async function* readArchive(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchiveItem> {
  const events = archiveEvents(source);
  try {
    for (let next = await events.next(); next.done !== true; next = await events.next()) {
      if (next.value.kind !== 'begin') continue;
      const { entry } = next.value;
      if (entry.segments !== undefined) {
        throw badArchive(`read archive: entry "${shown(entry.name)}" is sparse`);
      }
      yield { header: headerOf(entry), body: bodyOf(events) };
    }
  } finally {
    await events.return(undefined);
  }
}

function headerOf(entry: TarEntry): ArchiveItem['header'] {
  return {
    name: shown(entry.name),
    type: entry.type,
    linkName: shown(entry.linkName),
    sizeBytes: entry.payloadBytes,
    mtimeSeconds: entry.mtime.seconds,
  };
}

/** Ends with the entry's own end event; the outer loop continues after it. */
async function* bodyOf(events: AsyncGenerator<ArchiveEvent>): AsyncGenerator<Uint8Array> {
  for (let next = await events.next(); next.done !== true; next = await events.next()) {
    if (next.value.kind !== 'payload') return;
    yield next.value.bytes;
  }
}

async function* archiveEvents(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchiveEvent, undefined> {
  const pending: ArchiveEvent[] = [];
  const visitor: TarVisitor = {
    raw: () => undefined,
    begin: (entry) => {
      pending.push({ kind: 'begin', entry });
      return true;
    },
    payload: (bytes) => pending.push({ kind: 'payload', bytes }),
    end: () => pending.push({ kind: 'end' }),
  };
  const reader = new TarReader(visitor);
  for await (const chunk of (await decompress(source)).bytes) {
    reader.push(chunk);
    yield* pending.splice(0);
  }
  reader.finish();
  yield* pending.splice(0);
  return undefined;
}
