/** `import`: an image of one layer from the archive of a root file system. */
import { localPlatform, parsePlatform } from '@berth/oci';
import { emptyTrash, type Engine } from '../engine.ts';
import { namingFullDisk } from '../full-disk.ts';
import { acquireImage } from './acquire.ts';
import { openImportInput } from './import-input.ts';
import { importSource } from './import-source.ts';
import { localReference } from './tag.ts';

/** What `import` makes an image from. */
export interface ImportRequest {
  /** A path, an http or https address, or `-` for standard input. */
  source: string;
  reference: string | undefined;
  /** Dockerfile instructions: `CMD …`, `ENV …` and the like. */
  changes: readonly string[];
  message: string | undefined;
  platform: string | undefined;
}

/** The archive of a root file system is in the store as an image of one layer; answers its id. */
export async function importImage(engine: Engine, request: ImportRequest): Promise<string> {
  const names = request.reference === undefined ? [] : [localReference(request.reference)];
  const platform =
    request.platform === undefined ? localPlatform() : parsePlatform(request.platform);
  const input = await openImportInput(request.source, 'berth import -');
  const session = engine.store.openSession();
  try {
    const source = await importSource(engine, {
      input,
      session,
      platform,
      changes: request.changes,
      message: request.message ?? `imported from ${input.name}`,
    });
    return await acquireImage(engine, source, { names, repository: '' });
  } catch (error) {
    throw namingFullDisk(engine, `import "${input.name}"`, error);
  } finally {
    session.close();
    input.close();
    await emptyTrash(engine);
  }
}
