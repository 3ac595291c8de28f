/**
 * `berth commit`: an image of a container, under the owners that the container sees.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { archiveOf } from '../lab/images.ts';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';
import { openOneId } from './one-id.ts';
import { giveCgroup, missingFreezer } from './own-cgroup.ts';

const lab = openLab();
const SHOW = 'stat -c "%n %u:%g %a" /tool /data /data/file; cat /data/file; ls /';
const MAKE = 'mkdir /data; echo content > /data/file; chown 7:8 /data/file; chown 9:9 /data;'
  + 'cp /bin/busybox /tool; chown 1:2 /tool; chmod 4750 /tool; rm /gone';

async function made(name: string, ...flags: string[]): Promise<string> {
  const image = await lab.image({ layers: [{ '/gone': 'x', '/kept': 'kept' }] });
  await lab.ok(['run', '--name', name, '--user', '0', ...flags, image, 'sh', '-c', MAKE]);
  return image;
}

test('files, owners, modes and removals are in the image; mounts are not', async () => {
  await made('box', '-v', 'vol:/vol', '-v', `${lab.folder}:/bound`);
  const id = await lab.ok(['commit', '-q', 'box', 'made:1']);
  assert.match(id, /^[0-9a-f]{64}$/);
  const said = await lab.ok(['run', '--rm', 'made:1', 'sh', '-c', SHOW]);
  assert.match(said, /^\/tool 1:2 4750\n\/data 9:9 755\n\/data\/file 7:8 644\ncontent\n/);
  assert.doesNotMatch(said, /^(gone|vol|bound)$/m);
  assert.match(said, /^kept$/m);
  assert.match(await lab.ok(['images', '-q', '--no-trunc']), new RegExp(id));
  assert.equal((await lab.ok(['system', 'check'])).includes('nothing is wrong'), true);
  await lab.ok(['rm', 'box']);
  await lab.ok(['volume', 'rm', 'vol']);
});

test('the image runs as its container did, and as changes say', async () => {
  const image = await lab.image({ config: {
    Env: ['KEPT=1', 'CHANGED=1'], Entrypoint: ['/bin/sh', '-c'], Cmd: ['echo image'],
    Labels: { a: '1' }, WorkingDir: '/tmp',
  } });
  await lab.ok(['create', '--name', 'set', '-e', 'CHANGED=2', '-e', 'NEW=3', '-l', 'b=2',
    '--expose', '80', '-u', '5', image, 'echo container $KEPT $CHANGED $NEW $ADDED; id -u; pwd']);
  const file = path.join(lab.folder, 'id');
  const extra = path.join(lab.folder, 'config.json');
  writeFileSync(extra, JSON.stringify({ StopSignal: 'SIGINT' }));
  const id = await lab.ok(['commit', '-q', '--iidfile', file, '-a', 'Ann', '-m', 'why', '--config',
    extra, '-c', 'ENV ADDED=4 NEW=5', '-c', 'LABEL c="3 4"', '-c', 'WORKDIR /bin', 'set', 'set:1']);
  assert.equal(readFileSync(file, 'utf8'), id);
  assert.equal(await lab.ok(['run', '--rm', 'set:1']), 'container 1 2 5 4\n5\n/bin');
  const [found] = JSON.parse(await lab.ok(['image', 'inspect', 'set:1']));
  assert.deepEqual(found.Config.Labels, { a: '1', b: '2', c: '3 4' });
  assert.deepEqual(found.Config.Env.toSorted(),
    ['ADDED=4', 'CHANGED=2', 'KEPT=1', 'NEW=5'].concat(
      found.Config.Env.filter((entry: string) => entry.startsWith('PATH='))).toSorted());
  assert.deepEqual(Object.keys(found.Config.ExposedPorts), ['80/tcp']);
  assert.equal(found.Config.StopSignal, 'SIGINT');
  assert.equal(found.Author, 'Ann');
  assert.equal(found.Comment, 'why');
  assert.match(await lab.ok(['history', 'set:1']), /why/);
  await lab.ok(['rm', 'set']);
});

test('what was committed can be committed again, saved and squashed', async () => {
  await made('first');
  await lab.ok(['commit', '-q', '-f', 'docker', 'first', 'twice:1']);
  await lab.ok(['run', '--name', 'second', 'twice:1', 'sh', '-c', 'rm /tool; echo 2 > /two']);
  await lab.ok(['commit', '-q', 'second', 'twice:2']);
  const flat = await lab.ok(['commit', '-q', '-s', 'second', 'twice:flat']);
  const list = await lab.ok(['run', '--rm', 'twice:2', 'ls', '/']);
  assert.match(list, /^two$/m);
  assert.doesNotMatch(list, /^(tool|gone)$/m);
  assert.equal(await lab.ok(['run', '--rm', 'twice:flat', 'ls', '/']), list);
  const [inspected] = JSON.parse(await lab.ok(['inspect', flat]));
  assert.equal(inspected.RootFS.Layers.length, 1);
  const archive = path.join(lab.folder, 'twice.tar');
  await lab.ok(['save', '-q', '--format', 'oci-archive', '-o', archive, 'twice:2']);
  const manifest = execFileSync('skopeo', ['inspect', `oci-archive:${archive}`],
    { encoding: 'utf8' });
  const [base] = JSON.parse(await lab.ok(['inspect', 'twice:1']));
  assert.equal(JSON.parse(manifest).Layers.length, base.RootFS.Layers.length + 1);
  await lab.ok(['rm', 'first', 'second']);
});

test('keep-id: owners in the image are those that the container sees',
  { skip: missing.subordinateIds }, async () => {
    await made('kept', '--userns=keep-id');
    await lab.ok(['commit', '-q', 'kept', 'kept:1']);
    const said = await lab.ok(['run', '--rm', 'kept:1', 'sh', '-c', SHOW]);
    assert.match(said, /^\/tool 1:2 4750\n\/data 9:9 755\n\/data\/file 7:8 644\ncontent\n/);
    const archive = path.join(lab.folder, 'kept.tar');
    await lab.ok(['export', '-o', archive, 'kept']);
    const list = execFileSync('tar', ['--numeric-owner', '-tvf', archive], { encoding: 'utf8' });
    assert.match(list, / 7\/8 .* data\/file$/m);
    assert.match(list, /^-rwsr-x--- 1\/2 .* tool$/m);
    await lab.ok(['rm', 'kept']);
  });

test('with one id owners come from where they are recorded', async () => {
  const { archive, name } = archiveOf({ layers: [{ '/gone': 'x' }] }, lab.folder);
  const oneId = openOneId(lab);
  const list = await oneId.run(`berth load -q -i ${archive} >/dev/null
    berth run --name box --network none ${name} sh -c '${MAKE}'
    berth commit -q box one:1 >/dev/null
    berth save -q --format oci-archive -o out.tar one:1
    berth rm box >/dev/null
    mkdir -p oci && tar -xf out.tar -C oci
    for blob in oci/blobs/sha256/*; do tar --numeric-owner -tvf $blob 2>/dev/null || :; done`);
  assert.match(list, / 7\/8 .* data\/file$/m);
  assert.match(list, /^-rwsr-x--- 1\/2 .* tool$/m);
  assert.match(list, /^drwxr-xr-x 9\/9 .* data\/$/m);
});

async function running(name: string): Promise<void> {
  const image = await lab.image();
  await lab.ok(['run', '-d', '--name', name, image, 'sh', '-c', 'echo early > /early; sleep 1000']);
  await lab.ok(['exec', name, 'sh', '-c', 'until [ -s /early ]; do sleep 0.05; done']);
}

test('a running container is committed, and runs on', async () => {
  await running('live');
  await lab.ok(['commit', '-q', 'live', 'live:1']);
  assert.equal(await lab.ok(['run', '--rm', 'live:1', 'cat', '/early']), 'early');
  assert.equal(await lab.ok(['ps', '--format', '{{.Names}}']), 'live');
  await lab.ok(['rm', '-f', '-t', '0', 'live']);
});

test('--pause holds a container meanwhile', { skip: missingFreezer }, async () => {
  await running('held');
  await giveCgroup(lab, 'held');
  await lab.ok(['commit', '-q', '-p', 'held', 'held:1']);
  assert.equal(await lab.ok(['ps', '--format', '{{.State}}']), 'running');
  await lab.ok(['rm', '-f', '-t', '0', 'held']);
});

test('an image that is gone is named, with a way out', async () => {
  const image = await lab.image();
  await lab.ok(['run', '--name', 'orphan', image, 'touch', '/x']);
  const id = await lab.ok(['inspect', '--format', '{{.Image}}', 'orphan']);
  rmSync(path.join(lab.data, 'v1/images', id), { recursive: true });
  const { status, stderr } = await lab.berth(['commit', 'orphan']);
  assert.equal(status, 125);
  assert.match(stderr, /commit container "orphan": its image ".*" is gone/);
  assert.match(stderr, /hint: berth commit --squash orphan/);
  const flat = await lab.ok(['commit', '-q', '--squash', 'orphan']);
  assert.match(await lab.ok(['run', '--rm', flat, 'ls', '/']), /^x$/m);
  await lab.ok(['rm', 'orphan']);
});

test('a container of this machine\'s own programs can\'t be committed', async () => {
  await lab.ok(['run', '--name', 'host', 'host', 'true']);
  const { status, stderr } = await lab.berth(['commit', 'host']);
  assert.equal(status, 125);
  assert.match(stderr, /commit container "host": its programs are this machine's own/);
  await lab.ok(['rm', 'host']);
});

test('what can\'t be read is named', async () => {
  const unknown = await lab.berth(['commit', 'nothing']);
  assert.equal(unknown.status, 125);
  assert.match(unknown.stderr, /no container .*"nothing"|"nothing": no such container/);
  assert.match((await lab.berth(['commit', '-f', 'x', 'nothing'])).stderr,
    /read --format "x": it is "oci" or "docker"/);
});
