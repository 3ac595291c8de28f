/** Writes small tar archives and layouts for the tests here, honest and hostile. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContentDescriptor, PutImage } from '@berth/testing';
import { digestOf, RegistryContent } from '@berth/testing';

export interface TarPart {
  readonly name: string;
  readonly body?: Buffer | string;
  /** Default: '0', a regular file. */
  readonly type?: string;
  readonly linkName?: string;
  /** Stated in place of the body's own. */
  readonly sizeBytes?: number;
}

/** The tar of these members, ended properly. */
export function tar(parts: readonly TarPart[]): Buffer {
  return Buffer.concat([...parts.flatMap(blocks), Buffer.alloc(1024)]);
}

function blocks(part: TarPart): Buffer[] {
  const body = Buffer.from(part.body ?? '');
  const header = Buffer.alloc(512);
  header.write(part.name, 0, 100, 'utf8');
  header.write('0000644\0', 100);
  const size = (part.sizeBytes ?? body.length).toString(8).padStart(11, '0');
  header.write(`${size}\0`, 124);
  header.write(part.type ?? '0', 156);
  header.write(part.linkName ?? '', 157, 100, 'utf8');
  header.write('ustar\u000000', 257);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}

export interface ArchiveFixture {
  readonly content: RegistryContent;
  readonly image: PutImage;
  readonly layers: readonly Buffer[];
}

/** An image of two layers. */
export function fixture(compression: 'gzip' | 'none' = 'gzip'): ArchiveFixture {
  const content = new RegistryContent();
  const layers = [tar([{ name: 'one', body: 'first' }]), tar([{ name: 'two', body: 'second' }])];
  const image = content.putImage({ repository: 'a/b', tag: 'v1', layers, compression });
  return { content, image, layers };
}

/** The files of a layout whose index has these entries. */
export function layoutFiles(
  { content }: ArchiveFixture,
  entries: readonly (ContentDescriptor & { annotations?: Record<string, string> })[],
): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  files.set('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  files.set('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries })));
  const place = (bytes: Buffer): void => {
    files.set(`blobs/${digestOf(bytes).replace(':', '/')}`, bytes);
  };
  for (const bytes of content.blobs.values()) place(bytes);
  for (const entry of entries) {
    const stored = content.manifest('a/b', entry.digest);
    if (stored !== undefined) place(stored.bytes);
  }
  return files;
}

/** The files are in `folder`. */
export function writeFiles(folder: string, files: ReadonlyMap<string, Buffer>): void {
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}

/** The files as members of a tar. */
export function tarOf(files: ReadonlyMap<string, Buffer>): Buffer {
  return tar([...files].map(([name, body]) => ({ name, body })));
}
