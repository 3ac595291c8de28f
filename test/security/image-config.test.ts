/**
 * Attacks by what an image says and holds once it is in the store, by the identifiers under which
 * they became known: nothing in a config or a root file system acts on the host.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from '../e2e/harness.ts';

const lab = openLab();
let outside = '';

before(() => {
  outside = path.join(lab.folder, 'outside');
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'canary'), 'untouched');
});
lab.atEnd(async () => {
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
  await lab.ok(['volume', 'prune', '-f']);
});

test('CVE-2026-57231: no variable of the host comes in by an image\'s Env', async () => {
  const image = await lab.image({ name: 'localhost/env:1', config: {
    Env: ['PATH=/bin', 'SECRET', '*', 'SEC*', '=x', 'GOOD=1', 'LINES=a\nSECRET'] } });
  const env = { SECRET: 's3cret' };
  const seen = await lab.ok(['run', '--rm', '--network', 'none', image, 'env'], { env });
  assert.doesNotMatch(seen, /s3cret/);
  assert.match(seen, /^GOOD=1$/m);
});

test('CVE-2026-53488: labels of an image mean nothing to the engine', async () => {
  const labels = {
    'io.containers.autoupdate': 'registry', 'io.podman.annotations.privileged': 'TRUE',
    'io.podman.annotations.seccomp': 'unconfined', 'run.oci.hooks.stderr': '/tmp/x',
    'run.oci.keep_original_groups': '1', 'com.docker.compose.project': 'x', RUN: 'touch /tmp/x',
    'io.containers.log-driver': 'none',
  };
  const plain = await lab.image({ name: 'localhost/plain:1', config: { Cmd: ['true'] } });
  const labelled = await lab.image({
    name: 'localhost/labelled:1', config: { Cmd: ['true'], Labels: labels } });
  const made: Record<string, unknown>[] = [];
  for (const image of [plain, labelled]) {
    const id = await lab.ok(['create', '--network', 'none', image]);
    const format = '{{json .HostConfig}}\n{{json .EffectiveCaps}}';
    const [host = ''] = (await lab.ok(['inspect', '-f', format, id])).split('\n');
    made.push(JSON.parse(host.replaceAll(id, 'ID')) as Record<string, unknown>);
  }
  assert.deepEqual(made[1], made[0]);
});

test('CVE-2026-55686: a WORKDIR through a link makes nothing on the host', async () => {
  for (const target of [outside, `../../../../../..${outside}`]) {
    const image = await lab.image({ name: 'localhost/workdir:1',
      layers: [{ door: { link: target } }], config: { WorkingDir: '/door/made/deep' } });
    await lab.berth(['run', '--rm', '--network', 'none', image, 'sh', '-c', 'echo x > file']);
    assert.ok(!existsSync(path.join(outside, 'made')));
    await lab.ok(['rmi', '-f', image]);
  }
});

test('CVE-2022-23648: a VOLUME through a link shows nothing of the host', async () => {
  for (const target of [outside, `../../../../../..${outside}`]) {
    const image = await lab.image({ name: 'localhost/volume:1',
      layers: [{ door: { link: target } }], config: { Volumes: { '/door': {} } } });
    const { stdout } = await lab.berth(['run', '--rm', '--network', 'none', image, 'ls', '/door/']);
    assert.doesNotMatch(stdout, /canary/);
    await lab.ok(['rmi', '-f', image]);
  }
  assert.equal(readFileSync(path.join(outside, 'canary'), 'utf8'), 'untouched');
});

test('CVE-2020-1726: what a volume holds is not replaced by an image\'s content', async () => {
  const image = await lab.image({ name: 'localhost/content:1',
    layers: [{ 'data/file': 'image' }] });
  const use = ['run', '--rm', '--network', 'none', '-v', 'kept:/data', image, 'sh', '-c'];
  assert.equal(await lab.ok([...use, 'cat /data/file; printf mine > /data/file']), 'image');
  assert.equal(await lab.ok([...use, 'cat /data/file']), 'mine');
});

test('CVE-2024-9676, CVE-2026-47262: odd passwd and group files end in an answer', async () => {
  const tree = path.join(lab.folder, 'odd-tree');
  mkdirSync(path.join(tree, 'etc'), { recursive: true });
  mkdirSync(path.join(tree, 'bin'));
  execFileSync('cp', ['/bin/busybox', path.join(tree, 'bin/true')]);
  const odd: [string, string][] = [
    ['fifo', 'mkfifo passwd group'], ['device', 'ln -s /dev/zero passwd; ln -s /dev/zero group'],
    ['outside', 'ln -s ../../../../../../etc/passwd passwd; ln -s /proc/self/mem group'],
    ['large', 'truncate -s 1G passwd group'], ['itself', 'ln -s passwd passwd; ln -s group group'],
    ['folder', 'mkdir passwd group'],
    ['groups', 'echo u:x:7:7::/:/ > passwd; seq 200000 | sed "s/.*/g&:x:&:u,u,u/" > group'],
  ];
  for (const [name, script] of odd) {
    execFileSync('sh', ['-c', `rm -rf passwd group; ${script}`], { cwd: path.join(tree, 'etc') });
    const archive = path.join(lab.folder, 'odd.tar');
    execFileSync('tar', ['-C', tree, '--sparse', '--owner=0', '--group=0', '-cf', archive, '.']);
    const image = `localhost/odd:${name}`;
    await lab.ok(['import', '-q', archive, image]);
    for (const user of ['u', '7']) {
      const begin = Date.now();
      const { status, stderr } = await lab.berth(
        ['run', '--rm', '--network', 'none', '--user', user, image, '/bin/true'],
        { timeoutMs: 20_000 });
      assert.ok([0, 125, 126, 127].includes(status), `${name}: ${stderr}`);
      assert.doesNotMatch(stderr, /bug/, name);
      assert.ok(Date.now() - begin < 15_000, `${name}: too slow`);
    }
    await lab.ok(['rmi', '-f', image]);
  }
});

test('set-id files of a layer are for its container alone', {
  skip: missing.secondUser,
}, async () => {
  const image = await lab.image({ name: 'localhost/setuid:1',
    layers: [{ 'bin/rootly': { text: '#!/bin/sh\n', mode: 0o4755 } }] });
  assert.match(await lab.ok(['run', '--rm', image, 'ls', '-l', '/bin/rootly']), /^-rws/);
  const { status } = await lab.bob(['run', '--root', path.join(lab.data, 'v1'), image]);
  assert.notEqual(status, 0);
});
