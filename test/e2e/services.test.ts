/**
 * Real software in containers, from images that mmdebstrap, umoci, buildah and skopeo made: apt,
 * python, nginx, PostgreSQL, redis.
 */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { labImage, missing, missingLabImage } from '../lab/probes.ts';
import { freePort, startRegistry, type Registry } from '../lab/registry.ts';
import { openLab } from './harness.ts';

const skip =
  missing.dockerRegistry ||
  missing.skopeo ||
  missing.subordinateIds ||
  missingLabImage('services') ||
  missingLabImage('debian');
const lab = openLab();
let registry: Registry | undefined;
let services = '';
let debian = '';

before(async () => {
  if (skip !== false) return;
  registry = await startRegistry(lab.folder);
  for (const name of ['debian', 'services', 'layers'] as const) {
    if (missingLabImage(name) === false)
      registry.push(`oci-archive:${labImage(name)}`, `${name}:1`);
  }
  services = `${registry.host}/services:1`;
  debian = `${registry.host}/debian:1`;
  for (const name of [services, debian]) await lab.ok(['pull', '-q', '--tls-verify=false', name]);
});
lab.atEnd(async () => {
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
  await registry?.stop();
});

/** Tries until the command succeeds inside, for twenty seconds. */
async function until(container: string, ...words: string[]): Promise<string> {
  for (let left = 100; ; left--) {
    const { status, stdout, stderr } = await lab.berth(['exec', container, ...words]);
    if (status === 0) return stdout.trim();
    assert.ok(left > 0, `${words.join(' ')}: ${stderr}`);
    await sleep(200);
  }
}

test('a Debian: bash, apt and its database', { skip }, async () => {
  assert.match(
    await lab.ok(['run', '--rm', debian, 'bash', '-c', 'cat /etc/os-release; dpkg -l | wc -l']),
    /ID=debian/,
  );
  assert.match(await lab.ok(['run', '--rm', debian, 'apt-get', '--version']), /^apt /);
});

test('packages are installed inside by dpkg, as root of the container', { skip }, async () => {
  const script =
    'mkdir -p /p/DEBIAN /p/usr/bin && ' +
    'printf "Package: probe\\nVersion: 1\\nArchitecture: all\\n' +
    'Maintainer: x\\nDescription: y\\n" >/p/DEBIAN/control && ' +
    'printf "#!/bin/sh\\necho probed\\n" >/p/usr/bin/probe && chmod 755 /p/usr/bin/probe && ' +
    'printf "#!/bin/sh\\n' +
    'adduser --system --no-create-home probe >/dev/null 2>&1 || useradd -r probe; ' +
    'chown probe /usr/bin/probe\\n" >/p/DEBIAN/postinst && chmod 755 /p/DEBIAN/postinst && ' +
    'dpkg-deb --root-owner-group -b /p /probe.deb >/dev/null && ' +
    'apt-get install -y /probe.deb >/dev/null 2>&1 && ' +
    'probe && stat -c %U /usr/bin/probe';
  assert.equal(await lab.ok(['run', '--rm', debian, 'sh', '-c', script]), 'probed\nprobe');
});

test('python runs a script of the current folder', { skip }, async () => {
  const { writeFileSync } = await import('node:fs');
  writeFileSync(
    `${lab.home}/script.py`,
    'import sys, sqlite3\nprint(sum(range(int(sys.argv[1]))))\n',
  );
  assert.equal(
    await lab.ok([
      'run',
      '--rm',
      '-v',
      `${lab.home}:/work:ro`,
      '-w',
      '/work',
      services,
      'python3',
      'script.py',
      '10',
    ]),
    '45',
  );
});

test('nginx on a published port', { skip: skip || missing.pasta }, async () => {
  const port = await freePort();
  await lab.ok([
    'run',
    '-d',
    '--name',
    'nginx',
    '-p',
    `${port}:80`,
    services,
    'nginx',
    '-g',
    'daemon off;',
  ]);
  await until('nginx', 'sh', '-c', 'test -s /run/nginx.pid');
  const response = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(response.status, 200);
  assert.match(await response.text(), /nginx/);
  // A client keeps its address (CVE-2021-20199: all seemed to come from loopback).
  const address = Object.values(networkInterfaces()).flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
  if (address !== undefined) {
    assert.equal((await fetch(`http://${address}:${port}/`)).status, 200);
    assert.match(await lab.ok(['exec', 'nginx', 'tail', '-n', '1', '/var/log/nginx/access.log']),
      new RegExp(`^${address} `));
  }
  await lab.ok(['stop', 'nginx']);
  assert.equal(await lab.ok(['wait', 'nginx']), '0');
});

test('PostgreSQL: its volume survives rm and kill -9', { skip }, async () => {
  const bin = '/usr/lib/postgresql/15/bin';
  const start = async (): Promise<void> => {
    await lab.ok([
      'run',
      '-d',
      '--name',
      'pg',
      '-u',
      'postgres',
      '-v',
      'pgdata:/var/lib/postgresql/data',
      services,
      'sh',
      '-c',
      `[ -s /var/lib/postgresql/data/PG_VERSION ] || ` +
        `${bin}/initdb -D /var/lib/postgresql/data >/dev/null; ` +
        `exec ${bin}/postgres -D /var/lib/postgresql/data -c unix_socket_directories=/tmp`,
    ]);
    await until('pg', 'psql', '-h', '/tmp', '-c', 'select 1');
  };
  const ask = async (sql: string): Promise<string> =>
    lab.ok(['exec', 'pg', 'psql', '-h', '/tmp', '-Atc', sql]);
  await lab.ok([
    'run',
    '--rm',
    '-v',
    'pgdata:/var/lib/postgresql/data',
    services,
    'chown',
    'postgres:postgres',
    '/var/lib/postgresql/data',
  ]);
  await start();
  await ask('create table kept (n int); insert into kept select generate_series(1, 1000)');
  await lab.ok(['kill', '-s', 'KILL', 'pg']);
  await lab.ok(['rm', '-f', 'pg']);
  await start();
  assert.equal(await ask('select count(*) from kept'), '1000');
  await lab.ok(['stop', 'pg']);
  await lab.ok(['rm', 'pg']);
  await lab.ok(['volume', 'rm', 'pgdata']);
});

test(
  'redis, spoken to from another container in its network',
  { skip: skip || missing.pasta },
  async () => {
    await lab.ok(['run', '-d', '--name', 'redis', services, 'redis-server', '--save', '']);
    await until('redis', 'redis-cli', 'ping');
    assert.equal(
      await lab.ok([
        'run',
        '--rm',
        '--network',
        'container:redis',
        services,
        'redis-cli',
        'set',
        'key',
        'value',
      ]),
      'OK',
    );
    assert.equal(await lab.ok(['exec', 'redis', 'redis-cli', 'get', 'key']), 'value');
    await lab.ok(['rm', '-f', '-t', '0', 'redis']);
  },
);

test('an image of twelve layers', { skip: skip || missingLabImage('layers') }, async () => {
  const image = `${registry?.host ?? ''}/layers:1`;
  assert.equal(await lab.ok(['run', '--rm', '--tls-verify=false', image, 'echo', 'runs']), 'runs');
});

test(
  'archives of buildah and of docker save',
  {
    skip: missingLabImage('buildah') || missingLabImage('docker-archive'),
  },
  async () => {
    for (const name of ['buildah', 'docker-archive']) {
      const loaded = await lab.ok(['load', '-q', '-i', labImage(name)]);
      const image = loaded.replace('Loaded image: ', '').split('\n')[0] ?? '';
      const shell = name === 'buildah' ? ['/bin/busybox', 'echo', 'runs'] : ['echo', 'runs'];
      assert.equal(await lab.ok(['run', '--rm', '--entrypoint', '', image, ...shell]), 'runs');
    }
  },
);
