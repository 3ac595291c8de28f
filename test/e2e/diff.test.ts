/**
 * `berth diff`: what a container changed of its image, and one image of another.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archiveOf } from '../lab/images.ts';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const BELOW = {
  '/gone': 'x', '/kept/low': 'low', '/kept/same': 'x', '/old/low': 'x', '/old/also': 'x',
  '/mode': 'x', '/dir/in': 'x',
};
const CHANGES = 'rm /gone; rm -r /old; mkdir /old; echo new > /old/new; echo x > /old/also;'
  + 'echo up > /kept/up; chmod 600 /mode; ln -s /nowhere /link; rm -r /dir; echo x > /dir;'
  + 'touch -r /kept/same /kept/up';
const EXPECTED = [
  'C /dir', 'D /gone', 'C /kept', 'A /kept/up', 'A /link', 'C /mode', 'C /old', 'C /old/also',
  'D /old/low', 'A /old/new',
];

test('a container is compared with its image; mounts and their places are left out', async () => {
  const image = await lab.image({ layers: [BELOW] });
  await lab.ok(['run', '--name', 'box', '-v', 'vol:/made/for/it', '--tmpfs', '/other', image,
    'sh', '-c', `${CHANGES}; echo x > /made/for/it/x`]);
  const lines = (await lab.ok(['diff', 'box'])).trim().split('\n');
  assert.deepEqual(lines,
    [...EXPECTED.slice(0, 5), 'A /made', 'A /made/for', ...EXPECTED.slice(5)]);
  const json = JSON.parse(await lab.ok(['container', 'diff', '--format', 'json', '--latest']));
  assert.deepEqual(json.deleted, ['/gone', '/old/low']);
  assert.deepEqual(json.added, ['/kept/up', '/link', '/made', '/made/for', '/old/new']);
  assert.deepEqual(json.changed, ['/dir', '/kept', '/mode', '/old', '/old/also']);
  await lab.ok(['rm', '-v', 'box']);
  await lab.ok(['volume', 'rm', 'vol']);
});

test('a container that changed nothing has no differences', async () => {
  const image = await lab.image({ layers: [BELOW] });
  await lab.ok(['run', '--name', 'idle', '--user', '0', image, 'true']);
  assert.equal(await lab.ok(['diff', 'idle']), '');
  assert.equal(await lab.ok(['diff', '--format', 'json', 'idle']), '{}');
  await lab.ok(['rm', 'idle']);
});

test('the last layer of an image, and two images', async () => {
  const one = await lab.image({ name: 'localhost/one:1', layers: [{ '/a': 'a', '/b/c': 'c' }] });
  const two = await lab.image({
    name: 'localhost/two:1', layers: [{ '/a': 'a', '/b/c': 'c' }, { '/b/.wh.c': '', '/b/d': 'd' }],
  });
  const expected = 'C /b\nD /b/c\nA /b/d';
  assert.equal(await lab.ok(['diff', two]), expected);
  assert.equal(await lab.ok(['image', 'diff', two, one]), expected);
  assert.equal(await lab.ok(['diff', one, one]), '');
});

test('what is neither container nor image is named', async () => {
  const { status, stderr } = await lab.berth(['diff', 'nothing']);
  assert.equal(status, 125);
  assert.match(stderr, /^Error: compare "nothing": no such container or image$/m);
  const other = await lab.berth(['diff', '--format', 'table', 'x']);
  assert.match(other.stderr, /read --format "table": it is "json"/);
  assert.match((await lab.berth(['image', 'diff', 'x'])).stderr, /compare "x": no such image/);
});

test('containers that are copies of their layers are compared file by file',
  { skip: missing.subordinateIds }, async () => {
    const env = { XDG_DATA_HOME: `${lab.folder}/copied` };
    const { archive, name } = archiveOf({ layers: [BELOW, { '/.wh.mode': '' }] }, lab.folder);
    await lab.ok(['--storage-driver', 'copy', 'load', '-q', '-i', archive], { env });
    await lab.ok(['run', '--name', 'copy', name, 'sh', '-c', CHANGES.replace('chmod 600', 'touch')],
      { env });
    assert.deepEqual((await lab.ok(['diff', 'copy'], { env })).trim().split('\n'),
      EXPECTED.map((line) => line.replace('C /mode', 'A /mode')));
    await lab.ok(['rm', 'copy'], { env });
  });
