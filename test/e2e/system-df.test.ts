/** `berth system df`: sizes of images, containers and volumes, shared and reclaimable. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();

test('system df counts a file that layers of two images have as one once', async () => {
  const both = { '/both': 'b'.repeat(5_000_000) };
  const names = ['localhost/left:1', 'localhost/right:1'];
  for (const [index, name] of names.entries()) {
    await lab.image({ name, layers: [{ ...both, '/own': String(index).repeat(7000) }] });
  }
  type Row = { Size: number; SharedSize: number; UniqueSize: number; RawSize: number };
  const rows = async (...flags: string[]): Promise<Row[]> =>
    JSON.parse(await lab.ok(['system', 'df', ...flags, '--format', 'json'])) as Row[];
  const verbose = await lab.ok(['system', 'df', '-v']);
  assert.match(verbose, /^localhost\/left +1 +[0-9a-f]{12} .* 7kB +0$/m);
  assert.match(verbose, /^localhost\/right +1 +[0-9a-f]{12} .* 7kB +0$/m);
  const [images] = await rows();
  const size = Number(await lab.ok(['image', 'inspect', '--format', '{{.Size}}', 'left:1']));
  assert.equal(images?.RawSize, size + 7000);
  await lab.ok(['rmi', 'left:1']);
  assert.equal((await rows())[0]?.RawSize, size);
  await lab.ok(['rmi', 'right:1']);
});

test('system df counts a shared layer once, and what nothing uses as reclaimable', async () => {
  const shared = { '/shared': 's'.repeat(50_000) };
  const own = { '/own': 'o'.repeat(20_000) };
  const one = await lab.image({ name: 'localhost/one:1', layers: [shared] });
  const two = await lab.image({ name: 'localhost/two:1', layers: [shared, own] });
  await lab.ok(['run', '--name', 'box', '-v', 'vol:/data', two, 'sh', '-c',
    'head -c 10000 /dev/zero > /file; head -c 3000 /dev/zero > /data/x']);
  await lab.ok(['volume', 'create', 'idle']);
  const rows = JSON.parse(await lab.ok(['system', 'df', '--format', 'json'])) as
    { Type: string; Total: number; Active: number; RawSize: number; RawReclaimable: number }[];
  const [images, containers, volumes] = rows;
  assert.deepEqual(rows.map(({ Type, Total, Active }) => [Type, Total, Active]),
    [['Images', 2, 1], ['Containers', 1, 0], ['Local Volumes', 2, 1]]);
  const size = (name: string): Promise<string> =>
    lab.ok(['image', 'inspect', '--format', '{{.Size}}', name]);
  assert.equal(images?.RawSize, Number(await size(two)));
  assert.equal(images?.RawReclaimable, 0);
  assert.equal(containers?.RawSize, 10_000);
  assert.equal(containers?.RawReclaimable, 10_000);
  assert.deepEqual([volumes?.RawSize, volumes?.RawReclaimable], [3000, 0]);
  const text = await lab.ok(['system', 'df']);
  assert.match(text, /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$/m);
  assert.match(text, /^Images +2 +1 +\S+[kM]B +0B \(0%\)$/m);
  const verbose = await lab.ok(['system', 'df', '-v']);
  assert.match(verbose, /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE/m);
  assert.match(verbose, /^localhost\/two +1 +[0-9a-f]{12} .* 20kB +1$/m);
  assert.match(verbose, /^vol +1 +3kB$/m);
  assert.equal(await lab.ok(['system', 'df', '--format', '{{.Type}}']),
    'Images\nContainers\nLocal Volumes');
  await lab.ok(['rm', 'box']);
  await lab.ok(['volume', 'rm', 'vol', 'idle']);
  await lab.ok(['rmi', one]);
});
