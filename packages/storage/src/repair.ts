/**
 * Repairs what can be repaired from the store itself: names, and records of volumes. A collection
 * removes what nothing needs; the engine gets from a registry what has to come from there.
 */
import { mkdirSync, chmodSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckParts, StoreFinding } from './check-finding.ts';
import { moveAside } from './folders.ts';
import { attempt, ifThere } from './fs-errors.ts';
import type { VolumeRecord } from './records.ts';
import { PRIVATE_DIRECTORY } from './whole-file.ts';

const DATA_MODE = 0o755;

/** True when the finding is repaired, or no longer there. Never touches a volume's data. */
export function repairFinding(parts: CheckParts, finding: StoreFinding): boolean {
  const { images, containerNames } = parts;
  const { kind, object } = finding;
  if (kind === 'image-name') {
    const id = images.links().get(object);
    return id === undefined || images.exists(id) || images.untag(id, object);
  }
  if (kind === 'container-name') {
    const id = containerNames.links().get(object);
    if (id !== undefined) containerNames.release(object, id);
    return true;
  }
  if (kind === 'folder') {
    moveAside(parts.layout, object);
    return true;
  }
  // A pull writes it anew.
  if (kind === 'image-origin') {
    parts.trash.take(object, 'plain');
    return true;
  }
  return kind === 'volume' && repairVolume(parts, object);
}

/** The data is kept, but what the lost record said (labels, options) is lost. */
function repairVolume({ layout, staging, trash }: CheckParts, name: string): boolean {
  const directory = join(layout.volumes, name);
  const status = ifThere(() => lstatSync(directory));
  if (status?.isDirectory() !== true) {
    // A file or a link in the place of a volume holds no data.
    trash.take(directory, 'plain');
    return true;
  }
  // Someone may have removed the rights (chmod u=) of the folder, or of the whole store.
  attempt('unlock', directory, () => chmodSync(directory, PRIVATE_DIRECTORY));
  const data = join(directory, '_data');
  if (ifThere(() => lstatSync(data))?.isDirectory() !== true) {
    trash.take(data, 'plain');
    attempt('make directory', data, () => {
      mkdirSync(data);
      chmodSync(data, DATA_MODE);
    });
  }
  const record: VolumeRecord = {
    version: 1, name, driver: 'local', createdAtMs: Math.floor(status.birthtimeMs),
    labels: {}, options: {}, anonymous: false,
  };
  const path = join(directory, 'record.json');
  if (ifThere(() => lstatSync(path))?.isFile() !== true) trash.take(path, 'plain');
  staging.replaceFile(path, JSON.stringify(record), 'durable');
  return true;
}
