/** Checks volumes: each has a record of its own and its data. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { IntegrityError } from '@berth/errors';
import type { CheckParts, StoreFinding } from './check-finding.ts';
import { problemOf } from './check-finding.ts';
import { ifThere } from './fs-errors.ts';
import { isName } from './names.ts';
import { listDirectory } from './whole-file.ts';

/** Findings about volumes/. */
export function checkVolumes({ volumes, layout }: CheckParts): StoreFinding[] {
  return listDirectory(layout.volumes).flatMap((name): StoreFinding[] => {
    if (!isName(name)) {
      const object = join(layout.volumes, name);
      return [{ kind: 'stranger', object, problem: 'is no volume', state: 'unused' }];
    }
    const problem = problemOf(() => {
      const record = volumes.find(name);
      if (record === undefined && !isThere(join(layout.volumes, name))) return;
      if (record === undefined) throw damaged('it has no record');
      if (record.name !== name) throw damaged('its record is of another volume');
      if (!isThere(volumes.dataPath(name))) throw damaged('its data is missing');
    });
    return problem === undefined
      ? [] : [{ kind: 'volume', object: name, problem, state: 'damaged' }];
  });
}

function isThere(path: string): boolean {
  return ifThere(() => lstatSync(path))?.isDirectory() === true;
}

function damaged(problem: string): IntegrityError {
  return new IntegrityError('DAMAGED_VOLUME', problem);
}
