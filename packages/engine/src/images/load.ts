/** `load`: images from archives, as `save` and other engines write them. */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { formatReference } from '@berth/oci';
import {
  fetchFile, isWebAddress, loadSignaturePolicy, openArchive, requireAllowed,
  type SignaturePolicy,
} from '@berth/transport';
import { emptyTrash, type Engine } from '../engine.ts';
import { namingFullDisk } from '../full-disk.ts';
import { acquireImage } from './acquire.ts';

/** An image that was loaded from an archive. */
export interface LoadedImage {
  names: string[];
  id: string;
}

/** Where images are loaded from. */
export interface LoadRequest {
  /** A path, or an http or https address; `-` or undefined is standard input. */
  input: string | undefined;
  /** A file used in place of the user's and the system's policy.json. */
  signaturePolicy: string | undefined;
}

/** Every image of the archive is in the store. */
export async function loadImages(
  engine: Engine,
  { input, signaturePolicy }: LoadRequest,
): Promise<LoadedImage[]> {
  const policy = loadSignaturePolicy({ file: signaturePolicy });
  const session = engine.store.openSession();
  try {
    const opened = await openInput(input);
    try {
      return await loadFrom(engine, opened, { scratch: session.directory, policy });
    } catch (error) {
      throw namingFullDisk(engine, `load "${opened.name}"`, error);
    } finally {
      opened.close();
    }
  } finally {
    session.close();
    await emptyTrash(engine);
  }
}

interface LoadInput {
  content: string | Readable;
  /** For messages and for policy.json. */
  name: string;
  /** Drops a connection; an archive is opened and closed elsewhere. */
  close(): void;
}

const STANDARD_INPUT = '/dev/stdin';

async function openInput(input = '-'): Promise<LoadInput> {
  const close = (): void => undefined;
  if (input === '-' || input === STANDARD_INPUT) {
    const content = createReadStream('', { fd: 0, autoClose: false });
    return { content, name: STANDARD_INPUT, close };
  }
  if (!isWebAddress(input)) return { content: input, name: resolve(input), close };
  const { name, body, close: drop } = await fetchFile(input);
  return { content: body, name, close: drop };
}

async function loadFrom(
  engine: Engine,
  { content, name }: LoadInput,
  { scratch, policy }: { scratch: string; policy: SignaturePolicy | undefined },
): Promise<LoadedImage[]> {
  const archive = await openArchive(content, {
    scratchDirectory: scratch, name: name === STANDARD_INPUT ? undefined : name,
  });
  try {
    const transport = archive.format === 'oci-dir' ? 'oci' : archive.format;
    requireAllowed(policy, { transport, name });
    const loaded: LoadedImage[] = [];
    for (const { source, names } of archive.images) {
      const references = names.map(formatReference);
      const id = await acquireImage(engine, source, { names: references, repository: '' });
      loaded.push({ names: references, id });
    }
    return loaded;
  } finally {
    await archive.close();
  }
}
