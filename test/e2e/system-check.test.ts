/**
 * `berth system check`: a store that nobody touched is sound; whatever is spoiled is found, named
 * and, with --repair, mended in place, pulled from the registry again, or given up.
 */
import assert from 'node:assert/strict';
import {
  mkdirSync, readFileSync, readdirSync, readlinkSync,
  rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { archiveOf } from '../lab/images.ts';
import { startRegistry } from '../lab/registry.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const data = path.join(lab.data, 'v1');

interface Finding {
  kind: string;
  object: string;
  path?: string;
  problem: string;
  state: string;
  action?: string;
  repaired: boolean;
}

async function check(...flags: string[]): Promise<{ status: number; findings: Finding[] }> {
  const { status, stdout } = await lab.berth(['system', 'check', '--format', 'json', ...flags]);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { status: status ?? -1, findings };
}

/** Runs a command of the host where files of subordinate ids can be changed. */
async function inside(script: string): Promise<void> {
  await lab.ok(['unshare', 'sh', '-ec', script]);
}

const [layerDirectory, imageDirectory] = ['layers', 'images'].map((name) => path.join(data, name));

async function freshImage(): Promise<{ name: string; layer: string; id: string }> {
  await lab.ok(['rmi', '--all', '--force']);
  const files = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((own) => [`/etc/${own}`, own]));
  const name = await lab.image({ busybox: false, layers: [files] });
  const id = await lab.ok(['image', 'inspect', '--format', '{{.Id}}', name]);
  const [layer = ''] = readdirSync(layerDirectory ?? '');
  return { name, id, layer: path.join(layerDirectory ?? '', layer) };
}

test('a sound store is said to be so, with containers and volumes in it', async () => {
  const image = await lab.image();
  await lab.ok(['run', '--name', 'one', '-v', 'kept:/data', image, 'sh', '-c', 'echo > /data/x']);
  await lab.ok(['run', '-d', '--name', 'two', image, 'sleep', '100']);
  const stdout = await lab.ok(['system', 'check']);
  assert.match(stdout, /^Checked 1 image, 1 layer \(\d+ files, .*2 containers, 1 volume: no/);
  assert.deepEqual(await check(), { status: 0, findings: [] });
  await lab.ok(['rm', '--force', '--time', '0', 'one', 'two']);
  await lab.ok(['volume', 'rm', 'kept']);
});

test('whatever changed in a layer is found and named', async () => {
  const { layer } = await freshImage();
  await inside(`cd '${layer}/fs'
    for name in a b c d; do t=$(stat -c %y etc/$name); eval "$name=\\$t"; done
    printf X | dd of=etc/a conv=notrunc status=none; touch -d "$a" etc/a
    chmod 666 etc/b; chown 7:8 etc/c; touch etc/d; rm etc/e; touch etc/more`);
  const { status, findings } = await check();
  assert.equal(status, 125);
  const problems = Object.fromEntries(findings.map((one) => [one.path, one.problem]));
  assert.match(problems['etc/a'] ?? '', /another content/);
  assert.match(problems['etc/b'] ?? '', /mode 0666/);
  assert.match(problems['etc/c'] ?? '', /belongs to 7:8/);
  assert.match(problems['etc/d'] ?? '', /changed at/);
  assert.match(problems['etc/e'] ?? '', /missing/);
  assert.match(problems['etc/more'] ?? '', /not in the layer/);
  const text = (await lab.berth(['system', 'check'])).stdout;
  assert.match(text, /^layer [0-9a-f]{12}: "etc\/a": has another content$/m);
});

test('damaged records of every kind are found', async () => {
  const { name, id, layer } = await freshImage();
  await lab.ok(['volume', 'create', 'vol']);
  const [box, spec, half] = await Promise.all(
    ['box', 'spec', 'half'].map((own) => lab.ok(['create', '--name', own, name, '/x'])));
  const files: Record<string, string> = {
    [`image ${id}`]: path.join(imageDirectory ?? '', id, 'record.json'),
    [`layer sha256:${path.basename(layer)}`]: path.join(layer, 'record.json'),
    [`blob sha256:${id}`]: path.join(data, 'blobs/sha256', id),
    [`container ${box}`]: path.join(data, 'containers', box ?? '', 'config.json'),
    [`container ${spec}`]: path.join(data, 'containers', spec ?? '', 'spec.json'),
    [`container ${half}`]: path.join(data, 'containers', half ?? '', 'summary'),
    'volume vol': path.join(data, 'volumes/vol/record.json'),
  };
  const before = Object.values(files).map((file) => readFileSync(file));
  const spoil = async (change: (bytes: Buffer) => Buffer | undefined): Promise<void> => {
    Object.values(files).forEach((file, index) => {
      const bytes = change(before[index] ?? Buffer.alloc(0));
      if (bytes === undefined) rmSync(file);
      else writeFileSync(file, bytes, { mode: 0o600 });
    });
    const { status, findings } = await check();
    assert.equal(status, 125);
    const found = new Set(findings.map(({ kind, object }) => `${kind} ${object}`));
    const expected = Object.keys(files)
      .filter((key) => !(change(Buffer.from('x')) === undefined && key.startsWith('blob')));
    assert.deepEqual(expected.filter((key) => !found.has(key)), []);
  };
  await spoil((bytes) => bytes.subarray(0, bytes.length >> 1));
  await spoil(() => undefined);
  Object.values(files).forEach((file, index) =>
    writeFileSync(file, before[index] ?? '', { mode: 0o600 }));
  const recipe = path.join(layer, 'recipe');
  const bytes = readFileSync(recipe);
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
  writeFileSync(recipe, bytes);
  const { findings } = await check();
  assert.deepEqual(findings.map(({ kind, object }) => `${kind} ${object}`),
    [`layer sha256:${path.basename(layer)}`]);
  await lab.ok(['rm', 'box', 'spec', 'half']);
  await lab.ok(['volume', 'rm', 'vol']);
});

test('names that point nowhere and leftovers are cleared away', async () => {
  const { name } = await freshImage();
  await lab.ok(['tag', name, 'localhost/kept:1']);
  const nowhere = '1'.repeat(64);
  symlinkSync(nowhere, path.join(data, 'images/names/localhost+gone:1'));
  mkdirSync(path.join(data, 'containers/names'), { recursive: true });
  symlinkSync(nowhere, path.join(data, 'containers/names/nobody'));
  mkdirSync(path.join(data, 'staging/dead,layer/fs'), { recursive: true });
  const { status, findings } = await check();
  assert.equal(status, 125);
  const kinds = findings.map(({ kind, state }) => `${kind} ${state}`).sort();
  for (const expected of ['image-name missing', 'container-name missing', 'leftover unused']) {
    assert(kinds.includes(expected), `${expected}: ${kinds.join()}`);
  }
  const repaired = await check('--repair');
  assert.deepEqual(repaired.findings.filter((one) => !one.repaired), []);
  assert.equal(repaired.status, 0);
  assert.deepEqual(await check(), { status: 0, findings: [] });
  assert.equal(readlinkSync(path.join(data, 'images/names/localhost+kept:1')).length, 64);
});

test('layers that nothing uses are no damage, but counted; a prune frees them', async () => {
  await freshImage();
  const layers = [{ '/x': 'x'.repeat(5000) }];
  const name = await lab.image({ name: 'localhost/x:1', busybox: false, layers });
  const box = await lab.ok(['create', name, '/x']);
  const id = await lab.ok(['image', 'inspect', '--format', '{{.Id}}', name]);
  rmSync(path.join(data, 'images', id), { recursive: true });
  rmSync(path.join(data, 'images/names/localhost+x:1'));
  assert.doesNotMatch(await lab.ok(['system', 'check']), /[1-9]\d* layers, \d+ blobs/);
  await lab.ok(['rm', box]);
  const unused = /^Unused: 1 layer, [1-9]\d* blobs; berth image prune frees [5-9]\.\d+ kB$/m;
  assert.match(await lab.ok(['system', 'check']), unused);
  assert.deepEqual(await check(), { status: 0, findings: [] });
  assert.doesNotMatch(await lab.ok(['system', 'check', '--max', '1h']), /Unused/);
  await lab.ok(['image', 'prune', '-f']);
  assert.doesNotMatch(await lab.ok(['system', 'check']), /Unused/);
  assert.equal(readdirSync(layerDirectory ?? '').length, 1);
});

test('an image whose origin is damaged works, and forgets it in a repair', async () => {
  const { name, id } = await freshImage();
  const origins = path.join(imageDirectory ?? '', id, 'origins');
  const [origin = ''] = readdirSync(origins);
  writeFileSync(path.join(origins, origin), '{', { mode: 0o600 });
  assert.equal(await lab.ok(['images', '-q', '--no-trunc']), `sha256:${id}`);
  assert.equal(await lab.ok(['image', 'inspect', '--format', '{{.Id}}', name]), id);
  const { findings } = await check();
  assert.deepEqual(findings.map(({ kind, object }) => [kind, path.basename(object)]),
    [['image-origin', origin]]);
  assert.equal((await check('--repair')).status, 0);
  assert.deepEqual(readdirSync(origins), []);
  assert.deepEqual(await check(), { status: 0, findings: [] });
});

test('a volume that lost its record gets another, and keeps its data', async () => {
  await lab.ok(['volume', 'create', 'lost']);
  writeFileSync(path.join(data, 'volumes/lost/_data/file'), 'precious');
  rmSync(path.join(data, 'volumes/lost/record.json'));
  assert.equal((await check()).status, 125);
  assert.equal((await check('--repair')).status, 0);
  assert.equal(readFileSync(path.join(data, 'volumes/lost/_data/file'), 'utf8'), 'precious');
  await lab.ok(['volume', 'rm', 'lost']);
});

/** A base, and on it a layer that no registry has; its folder, and the image's id. */
async function committedImage(): Promise<{ id: string; layer: string; base: string }> {
  await lab.ok(['rmi', '--all', '--force']);
  const base = await lab.image();
  const before = new Set(readdirSync(layerDirectory ?? ''));
  await lab.ok(['run', '--name', 'box', base, 'sh', '-ec', `mkdir -p /srv/deep; cd /srv
    for name in mode owner time moved; do echo $name > $name; done; chown 5:6 owner
    touch empty; ln -s deep link; ln mode same; cp /etc/passwd deep/copy; rm -r /home`]);
  await lab.ok(['commit', '-q', 'box', 'localhost/mine:1']);
  await lab.ok(['rm', 'box']);
  const id = await lab.ok(['image', 'inspect', '--format', '{{.Id}}', 'mine:1']);
  const layer = readdirSync(layerDirectory ?? '').find((name) => !before.has(name)) ?? '';
  return { id, base, layer: path.join(layerDirectory ?? '', layer) };
}

const SPOIL = `chmod 777 srv/mode; chown 7:8 srv/owner; touch srv/time
  rm srv/empty srv/link srv/same srv/deep/copy
  mv srv/moved srv/deep/moved; mkdir srv/more; ln -s / srv/more/root
  rm home; chmod 700 srv/deep`;

async function savedLayers(name: string): Promise<string> {
  const archive = path.join(lab.folder, 'saved.tar');
  rmSync(archive, { force: true });
  await lab.ok(['save', '-q', '-o', archive, name]);
  await lab.ok(['load', '-q', '-i', archive]);
  return lab.ok(['image', 'inspect', '--format', '{{json .RootFS}}', name]);
}

test('an image that no registry has is mended in place, to the same bytes', async () => {
  const { id, layer, base } = await committedImage();
  const saved = await savedLayers('mine:1');
  await inside(`cd '${layer}/fs'; ${SPOIL}`);
  const { status, findings } = await check('--repair');
  assert.equal(status, 0, JSON.stringify(findings));
  const actions = Object.fromEntries(findings.map((one) => [one.path, one.action]));
  assert.equal(actions['srv/mode'], 'mended');
  assert.equal(actions['srv/link'], 'mended');
  assert.equal(actions['srv/more'], 'removed');
  assert(findings.every(({ repaired }) => repaired));
  assert.deepEqual(await check(), { status: 0, findings: [] });
  assert.equal(await lab.ok(['image', 'inspect', '--format', '{{.Id}}', 'mine:1']), id);
  assert.equal(await savedLayers('mine:1'), saved);
  assert.equal(await lab.ok(['run', '--rm', 'mine:1', 'sh', '-c', `cd /srv
    stat -c '%n %u:%g %a' mode owner deep; readlink link; cat moved; ls /home 2>&1; ls`]),
  'mode 0:0 644\nowner 5:6 644\ndeep 0:0 755\ndeep\nmoved\n' +
    'ls: /home: No such file or directory\n' +
    'deep\nempty\nlink\nmode\nmoved\nowner\nsame\ntime');
  await lab.ok(['rmi', '--force', 'mine:1', base]);
});

test('a layer on which a container runs is mended when that has ended', async () => {
  const { layer } = await committedImage();
  await lab.ok(['run', '-d', '--name', 'busy', 'mine:1', 'sleep', '100']);
  await inside(`cd '${layer}/fs'; ${SPOIL}`);
  const busy = await check('--repair');
  assert.equal(busy.status, 125);
  assert(busy.findings.every(({ action, repaired }) =>
    !repaired && /^left alone: container [0-9a-f]{12} runs on it$/.test(action ?? '')));
  await lab.ok(['stop', '--time', '0', 'busy']);
  assert.match(await lab.ok(['system', 'check', '--repair']),
    /^layer [0-9a-f]{12}: "srv\/mode": has the mode 0777, not 0644 \(mended\)$/m);
  assert.deepEqual(await check(), { status: 0, findings: [] });
  await lab.ok(['start', 'busy']);
  assert.equal(await lab.ok(['exec', 'busy', 'readlink', '/srv/link']), 'deep');
  await lab.ok(['rm', '--force', '--time', '0', 'busy']);
  await lab.ok(['rmi', '--all', '--force']);
});

test('what is damaged is pulled again from where it came, else removed', async () => {
  await lab.ok(['rmi', '--all', '--force']);
  const registry = await startRegistry(lab.folder);
  let isUp = true;
  const stop = async (): Promise<void> => {
    if (isUp) await registry.stop();
    isUp = false;
  };
  try {
    const { archive, name } = archiveOf({ name: 'localhost/app:1' }, lab.folder);
    registry.push(`oci-archive:${archive}:${name}`, 'app:1');
    const remote = `${registry.host}/app:1`;
    await lab.ok(['pull', '--tls-verify=false', remote]);
    const [layer = ''] = readdirSync(layerDirectory ?? '');
    const spoil = `cd '${layerDirectory}/${layer}/fs'; echo evil >> etc/passwd; chmod 777 bin`;
    await inside(spoil);
    const pulled = await check('--repair', '--tls-verify=false');
    assert.equal(pulled.status, 0, JSON.stringify(pulled.findings));
    const passwdAction = (findings: readonly Finding[]): string =>
      findings.find((one) => one.path === 'etc/passwd')?.action ?? '';
    assert.match(passwdAction(pulled.findings), /^pulled again from localhost:\d+\/app$/);
    assert.equal(await lab.ok(['run', '--rm', remote, 'tail', '-n1', '/etc/passwd']),
      'user:x:1000:1000:user:/home/user:/bin/sh');
    for (const lost of ['recipe', 'fs']) {
      await inside(`mv '${layerDirectory}/${layer}/${lost}' '${lab.folder}/lost-${lost}'`);
      const { status, findings } = await check('--repair', '--tls-verify=false');
      assert.equal(status, 0, JSON.stringify(findings));
      assert.match(findings[0]?.action ?? '', /^pulled again from localhost:/);
      await inside(`rm -r '${lab.folder}/lost-${lost}'`);
    }

    const running = await lab.ok(['run', '-d', remote, 'sleep', '100']);
    await inside(spoil);
    const inUse = await check('--repair', '--tls-verify=false');
    assert.equal(inUse.status, 125);
    assert.match(passwdAction(inUse.findings), /^left alone: container [0-9a-f]{12} runs on it/);
    await lab.ok(['kill', running]);
    await lab.ok(['wait', running]);

    await stop();
    const kept = await check('--repair', '--tls-verify=false', '--max', '1h');
    assert.equal(kept.status, 125);
    assert.match(passwdAction(kept.findings), /^left alone: .*container [0-9a-f]{12} uses it/);
    const gone = await check('--repair', '--force', '--tls-verify=false');
    assert.equal(gone.status, 0, JSON.stringify(gone.findings));
    assert.match(passwdAction(gone.findings), /^removed: /);
    assert.equal(await lab.ok(['images', '-q']), '');
    assert.equal(await lab.ok(['ps', '-aq']), '');
  } finally {
    await stop();
  }
});

test('a quick check compares sizes and reads no contents', async () => {
  const { layer } = await freshImage();
  await inside(`cd '${layer}/fs'; t=$(stat -c %y etc/a); printf X | dd of=etc/a conv=notrunc
    touch -d "$t" etc/a`);
  assert.deepEqual(await check('--quick'), { status: 0, findings: [] });
  assert.equal((await check()).status, 125);
  await inside(`echo more >> '${layer}/fs/etc/a'`);
  assert.equal((await check('--quick')).status, 125);
  await lab.ok(['system', 'check', '--repair', '--force']);
  assert.deepEqual(await check(), { status: 0, findings: [] });
});
