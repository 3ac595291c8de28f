/**
 * A link or a file in the place of one of the store's folders: nothing that the link points to is
 * removed or moved, a check names it, and a repair moves it aside and loses nothing.
 */
import assert from 'node:assert/strict';
import {
  chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
const data = path.join(lab.data, 'v1');
const LINKS = ['trash', 'staging', 'layers', 'images', 'volumes'];
const FILES = ['layers', 'containers'];

let image = '';
before(async () => {
  image = await lab.image();
  await lab.ok(['create', '--network', 'none', '--name', 'kept', '-v', 'v:/v', image, 'true']);
});
lab.atEnd(async () => lab.ok(['rm', '-f', 'kept']));

/** Files that a collection would take for its own, were they in the store. */
function makeDecoy(folder: string): string[] {
  const names = ['file', 'a'.repeat(64), 'host,boot,1,999999999,1,abc,tree'];
  for (const name of names) {
    mkdirSync(path.join(folder, name), { recursive: true });
    writeFileSync(path.join(folder, name, 'precious'), 'precious');
  }
  return names.sort();
}

const saved = path.join(lab.folder, 'saved');

for (const folder of LINKS) {
  test(`a link in the place of ${folder} is not followed, named and moved aside`, async () => {
    const place = path.join(data, folder);
    const decoy = path.join(lab.folder, `decoy-${path.basename(folder)}`);
    const names = makeDecoy(decoy);
    renameSync(place, saved);
    symlinkSync(decoy, place);
    const prune = await lab.berth(['system', 'prune', '-a', '-f', '--volumes']);
    assert.equal(prune.status, 125);
    assert.ok(prune.stderr.includes(`"${place}" is a link`), prune.stderr);
    const found = await lab.berth(['system', 'check']);
    assert.equal(found.status, 125);
    assert.match(found.stdout, /is a link, and has to be a folder$/m);
    await lab.ok(['system', 'check', '--repair']);
    assert.equal(lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() ?? false, false);
    for (const name of names) {
      assert.equal(readFileSync(path.join(decoy, name, 'precious'), 'utf8'), 'precious');
    }
    putBack(place);
  });
}

for (const folder of FILES) {
  test(`a file in the place of ${folder} is named and moved aside, as it was`, async () => {
    const place = path.join(data, folder);
    renameSync(place, saved);
    writeFileSync(place, 'precious');
    const { stderr } = await lab.berth(['load', '-q', '-i', '/dev/null']);
    assert.doesNotMatch(stderr, /bug in berth|TypeError/);
    assert.match((await lab.berth(['system', 'check'])).stdout, /is no folder$/m);
    await lab.ok(['system', 'check', '--repair']);
    const [aside = ''] = readdirSync(data).filter((name) => name.startsWith('aside-'));
    assert.equal(readFileSync(path.join(data, aside), 'utf8'), 'precious');
    putBack(place);
  });
}

function putBack(place: string): void {
  for (const name of readdirSync(data)) {
    if (name.startsWith('aside-')) rmSync(path.join(data, name));
  }
  rmSync(place, { recursive: true, force: true });
  renameSync(saved, place);
}

test('what is no volume among the volumes is left out of lists, and named', async () => {
  const stranger = path.join(data, 'volumes/lost,found');
  mkdirSync(stranger);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), 'v');
  assert.match((await lab.berth(['system', 'check'])).stdout, /lost,found: is no volume$/m);
  await lab.ok(['volume', 'prune', '-f']);
  rmSync(stranger, { recursive: true });
});

test('a folder that may not be read is named: nothing is taken for empty or damaged', async () => {
  const lists = { containers: ['ps', '-a'], images: ['images'], volumes: ['volume', 'ls'] };
  for (const folder of ['.', ...Object.keys(lists)]) {
    const place = path.join(data, folder);
    chmodSync(place, 0);
    for (const [own, list] of [...Object.entries(lists), [folder, ['system', 'check']] as const]) {
      if (folder !== '.' && folder !== own) continue;
      const { status, stderr } = await lab.berth(list);
      assert.equal(status, 125, `${list.join(' ')} without ${folder}`);
      assert.ok(stderr.includes(place), stderr);
      assert.match(stderr, /: permission denied\nhint: ls -ld "/);
    }
    chmodSync(place, 0o700);
  }
});

test('with its folders back the store is as it was', async () => {
  await lab.ok(['system', 'check']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), 'v');
  await lab.ok(['start', '-a', 'kept']);
});
