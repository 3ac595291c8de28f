/**
 * Who a process in a container is, and what an image may say about it: users, groups, variables,
 * labels, programs that look like the host's.
 */
import assert from 'node:assert/strict';
import { existsSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from '../e2e/harness.ts';
import { missing } from '../lab/probes.ts';

const lab = openLab();
let image = '';
before(async () => { image = await lab.image(); });
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('CVE-2022-36109, CVE-2023-25173: a group that denies access goes on denying it', {
  skip: missing.subordinateIds,
}, async () => {
  await lab.ok(['run', '-d', '--name', 'deny', '--network', 'none', image, 'sleep', '100']);
  await lab.ok(['exec', 'deny', 'sh', '-c', 'echo secret >/f; chown 0:50 /f; chmod 0707 /f']);
  const read = async (user: string) =>
    (await lab.berth(['exec', '-u', user, 'deny', 'cat', '/f'])).status;
  assert.notEqual(await read('user'), 0, 'user is in staff');
  assert.notEqual(await read('1000:50'), 0);
  assert.equal(await read('1000:1000'), 0);
});

test('CVE-2024-9676, CVE-2026-47262: a passwd that never ends is refused at once', async () => {
  await lab.ok(['run', '-d', '--name', 'endless', '--network', 'none', image, 'sleep', '100']);
  const asUser = async () =>
    lab.berth(['exec', '-u', 'user', 'endless', 'true'], { timeoutMs: 10_000 });
  await lab.ok(['exec', 'endless', 'sh', '-c', 'cd /etc; mv passwd saved; mkfifo passwd']);
  assert.equal((await asUser()).status, 125);
  // Root needs no passwd, but the file is read all the same: it must not hang.
  await lab.berth(['exec', 'endless', 'true'], { timeoutMs: 10_000 });
  await lab.ok(['rm', '-f', '-t', '0', 'endless']);
  const hostile = await lab.image({
    name: 'localhost/zero:1',
    layers: [{ 'etc/passwd': { link: '/dev/zero' }, 'etc/group': { link: '/proc/self/mem' } }],
  });
  const run = ['run', '--rm', '--network', 'none', '-u', 'user'];
  const { status } = await lab.berth([...run, hostile, 'true'], { timeoutMs: 10_000 });
  assert.equal(status, 125);
  const large = path.join(lab.home, 'large');
  writeFileSync(large, 'user:x:1000:1000:::\n');
  truncateSync(large, 2 << 20);
  const { stderr } = await lab.berth([...run, '-v', `${large}:/etc/passwd`, image, 'true']);
  assert.match(stderr, /not a regular file of at most 1 MiB/);
});

test('CVE-2026-57231: variables of an image never take the caller\'s values', async () => {
  const hostile = await lab.image({
    name: 'localhost/env:1',
    config: {
      Env: ['PATH=/bin', 'SECRET', '*', 'SEC*', '=x', 'LD_PRELOAD=/evil.so',
        'BUN_OPTIONS=--evil', 'NODE_OPTIONS=--evil'],
    },
  });
  const { stdout } = await lab.berth(['run', '--rm', '--network', 'none', hostile, 'env'],
    { env: { SECRET: 'of-the-host' } });
  assert.doesNotMatch(stdout, /of-the-host/);
});

test('CVE-2026-53488: labels of an image change nothing', async () => {
  const hostile = await lab.image({
    name: 'localhost/labels:1',
    config: {
      Env: ['PATH=/bin'],
      Cmd: ['true'],
      Labels: {
        'io.containers.autoupdate': 'registry', 'run.oci.hooks.stderr': path.join(lab.home, 'hook'),
        'io.podman.annotations.privileged': 'TRUE', 'io.podman.annotations.seccomp': 'unconfined',
        'io.containers.capabilities': 'SYS_ADMIN', RUN: 'docker run --privileged IMAGE',
        'com.docker.compose.project': 'x', 'org.criu.config': '/etc/shadow',
      },
    },
  });
  const { stdout } = await lab.berth(['run', '--rm', '--network', 'none', hostile, 'sh', '-c',
    'grep -E "CapEff|Seccomp:" /proc/self/status']);
  assert.equal(stdout, 'CapEff:\t00000000800405fb\nSeccomp:\t2\n');
  assert.ok(!existsSync(path.join(lab.home, 'hook')));
});

// Also CVE-2026-41567.
test('CVE-2019-14271, CVE-2022-1227: no program of the container serves the host', async () => {
  const mark = path.join(lab.home, 'ran');
  const text = `#!/bin/busybox sh\n: >>/ran; : >>${mark}\n`;
  const trojan = { text, mode: 0o755 };
  const names = ['nsenter', 'ps', 'tar', 'xz', 'unpigz', 'gzip', 'zstd', 'git', 'newuidmap', 'rm',
    'newgidmap', 'pasta', 'slirp4netns', 'fuse-overlayfs', 'conmon', 'berth-native', 'getent'];
  const hostile = await lab.image({
    name: 'localhost/trojan:1',
    layers: [Object.fromEntries(names.flatMap((name) =>
      ['usr/bin', 'usr/local/bin'].map((folder) => [`${folder}/${name}`, trojan]))),
    { 'lib64/ld-linux-x86-64.so.2': trojan, 'etc/ld.so.preload': '/lib/evil.so\n',
      'lib/evil.so': trojan, 'lib/x86_64-linux-gnu/libnss_files.so.2': trojan,
      'etc/nsswitch.conf': 'passwd: evil\n', '.env': 'BUN_OPTIONS=--preload=/lib/evil.so\n' }],
  });
  await lab.ok(['run', '-d', '--name', 'trojan', '--network', 'none', hostile, 'sleep', '100']);
  for (const args of [['top', 'trojan'], ['exec', 'trojan', 'true'], ['logs', 'trojan'],
    ['inspect', '--size', 'trojan'], ['port', 'trojan'], ['stop', '-t', '0', 'trojan'],
    ['save', '-q', '-o', path.join(lab.folder, 'saved.tar'), hostile],
    ['export', '-o', path.join(lab.folder, 'exported.tar'), 'trojan'], ['history', hostile],
    ['save', '-q', '--compress', '--format', 'oci-dir', '-o', path.join(lab.folder, 'saved'),
      hostile], ['image', 'tree', hostile], ['system', 'check'], ['start', 'trojan']]) {
    await lab.berth(args, { cwd: path.join(lab.data, 'v1/layers') });
  }
  assert.ok(!existsSync(mark));
  assert.equal((await lab.berth(['exec', 'trojan', 'cat', '/ran'])).status, 1);
});

test('CVE-2026-55686, CVE-2022-23648: links at WORKDIR and VOLUME lead nowhere', async () => {
  const outside = path.join(lab.home, 'workdir');
  const hostile = await lab.image({
    name: 'localhost/workdir:1',
    layers: [{ work: { link: outside }, data: { link: '/etc' }, secret: { link: lab.home } }],
    config: {
      Env: ['PATH=/bin'], WorkingDir: '/work/deep', Volumes: { '/data': {}, '/secret': {} },
    },
  });
  const { stdout } = await lab.berth(['run', '--rm', '--network', 'none', hostile, 'sh', '-c',
    'ls /secret/ /data/ 2>/dev/null']);
  assert.doesNotMatch(stdout, /shadow-|\.local/);
  assert.ok(!existsSync(outside));
});
