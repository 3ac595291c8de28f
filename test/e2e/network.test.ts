/**
 * Networks: none, host, pasta, slirp4netns, a container's; published ports.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { missing } from '../lab/probes.ts';
import { freePort } from '../lab/registry.ts';
import { execute } from './execute.ts';
import { openLab } from './harness.ts';

const FIRST_PORT_OF_USERS = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image({ layers: [{ 'www/index.html': 'served\n' }] });
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** What a server on the host's loopback interface answers; tries for two seconds. */
async function fetchText(port: number): Promise<string> {
  for (let left = 40; ; left--) {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/`)).text();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(50);
    }
  }
}

test('none has a loopback interface and nothing else', async () => {
  const links = await lab.ok([
    'run',
    '--rm',
    '--network',
    'none',
    image,
    'sh',
    '-c',
    'ls /sys/class/net; ip address show lo | grep -q 127.0.0.1 && echo up',
  ]);
  assert.equal(links, 'lo\nup');
});

test('host has the interfaces of the host', async () => {
  const name = ['run', '--rm', image, 'sh', '-c', 'hostname; echo $HOSTNAME; cat /etc/hostname'];
  for (const own of [['--network', 'host'], ['--uts', 'host']]) {
    assert.equal(await lab.ok(name.toSpliced(2, 0, ...own)), Array(3).fill(hostname()).join('\n'));
  }
  const inside = await lab.ok(['run', '--rm', '--network', 'host', image, 'ls', '/sys/class/net']);
  assert.deepEqual(inside.split('\n').sort(), readdirSync('/sys/class/net').sort());
});

test('ports of a network that others share are published nowhere, and told', async () => {
  for (const network of ['host', 'none']) {
    const flags = ['--name', 'portless', '--network', network, '-p', '8080:80'];
    const { status, stderr } = await lab.berth(['create', ...flags, image, 'true']);
    assert.equal(status, 0);
    assert.match(stderr, /^Warning: no ports are published: network "(host|none)" is not/i);
    assert.equal(await lab.ok(['port', 'portless']), '');
    await lab.ok(['rm', 'portless']);
  }
});

test('a port is published, until the container ends', { skip: missing.pasta }, async () => {
  const port = await freePort();
  await lab.ok([
    'run',
    '-d',
    '--name',
    'web',
    '-p',
    `${port}:80`,
    image,
    'httpd',
    '-f',
    '-h',
    '/www',
  ]);
  assert.equal(await fetchText(port), 'served\n');
  await lab.ok(['rm', '-f', '-t', '0', 'web']);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
});

for (const helper of ['pasta', 'slirp4netns'] as const) {
  test(`${helper} gives an address and a default route`, { skip: missing[helper] }, async () => {
    const routes = await lab.ok(['run', '--rm', '--network', helper, image, 'ip', 'route']);
    assert.match(routes, /^default via 10\.0\.2\.2/m);
  });
}

test('a pasta that closes what it inherits, as newer do', { skip: missing.pasta }, async () => {
  const bin = path.join(lab.folder, 'bin');
  const usual = (await execute(['sh', '-c', 'command -v pasta'])).stdout.trim();
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'pasta'), `#!/bin/bash
for n in {3..63}; do eval "exec $n>&-"; done
exec ${usual} "$@"
`, { mode: 0o755 });
  const env = { ...lab.environment, PATH: `${bin}:${lab.environment['PATH'] ?? ''}` };
  const routes = await lab.ok(['run', '--rm', image, 'ip', 'route'], { env });
  assert.match(routes, /^default via /m);
});

test(
  'slirp4netns does not publish ports, and says what does',
  { skip: missing.slirp4netns },
  async () => {
    const { status, stderr } = await lab.berth([
      'run',
      '--rm',
      '--network',
      'slirp4netns',
      '-p',
      '80',
      image,
      'true',
    ]);
    assert.equal(status, 125);
    assert.match(stderr, /slirp4netns[\s\S]*hint: .*pasta/);
  },
);

test('slirp4netns takes the options of Podman', { skip: missing.slirp4netns }, async () => {
  const network = 'slirp4netns:mtu=1400,cidr=10.77.0.0/24,port_handler=slirp4netns';
  const script = 'cat /sys/class/net/tap0/mtu; ip route | grep -o "default via [0-9.]*"';
  const seen = await lab.ok(['run', '--rm', '--network', network, image, 'sh', '-c', script]);
  assert.equal(seen, '1400\ndefault via 10.77.0.2');
});

test("a container joins another one's network", { skip: missing.pasta }, async () => {
  await lab.ok(['run', '-d', '--name', 'server', image, 'httpd', '-f', '-h', '/www']);
  const { stdout } = await lab.berth([
    'run',
    '--rm',
    '--network',
    'container:server',
    image,
    'sh',
    '-c',
    'for i in 1 2 3 4 5; do wget -qO- http://127.0.0.1/ && break; sleep 0.2; done',
  ]);
  assert.equal(stdout, 'served\n');
  await lab.ok(['rm', '-f', '-t', '0', 'server']);
  const { status, stderr } = await lab.berth([
    'run',
    '--rm',
    '--network',
    'container:server',
    image,
    'true',
  ]);
  assert.equal(status, 125);
  assert.match(stderr, /"server"/);
});

test("a container that joins another one's network resolves names as that one", async () => {
  const names = ['--hostname', 'first', '--add-host', 'db:192.0.2.7', '--dns', '192.0.2.53'];
  await lab.ok(['run', '-d', '--name', 'named', ...names, image, 'sleep', '1000']);
  const join = ['run', '--rm', '--network', 'container:named'];
  const files = ['cat', '/etc/hosts', '/etc/resolv.conf'];
  const seen = await lab.ok([...join, '--hostname', 'second', image, ...files]);
  assert.match(seen, /^192\.0\.2\.7\tdb$/m);
  assert.match(seen, /\tfirst named$/m);
  assert.match(seen, /\tsecond /);
  assert.match(seen, /^nameserver 192\.0\.2\.53$/m);
  const own = await lab.ok(
    [...join, '--add-host', 'db:192.0.2.8', '--dns', '192.0.2.54', image, ...files]);
  assert.match(own, /^192\.0\.2\.8\tdb\n/);
  assert.match(own, /^nameserver 192\.0\.2\.54$/m);
  assert.doesNotMatch(own, /192\.0\.2\.53/);
  await lab.ok(['rm', '-f', '-t', '0', 'named']);
});

test('a port that is taken is named', { skip: missing.pasta }, async () => {
  const port = await freePort();
  await lab.ok([
    'run',
    '-d',
    '--name',
    'first',
    '-p',
    `127.0.0.1:${port}:80`,
    image,
    'sleep',
    '100',
  ]);
  const { status, stderr } = await lab.berth([
    'run',
    '--rm',
    '-p',
    `127.0.0.1:${port}:80`,
    image,
    'true',
  ]);
  assert.equal(status, 125);
  assert.ok(stderr.includes(`publish port "127.0.0.1:${port}/tcp": address already in use\n`));
  await lab.ok(['rm', '-f', '-t', '0', 'first']);
});

test('a port that users may not have is named, with who can allow it', {
  skip: missing.pasta
    || (Number(readFileSync(FIRST_PORT_OF_USERS, 'utf8')) <= 1 && 'users may have all ports'),
}, async () => {
  const { status, stderr } = await lab.berth(
    ['run', '--rm', '-p', `${await freePort()}:80`, '-p', '1:80/udp', image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /publish port "0\.0\.0\.0:1\/udp": permission denied\nhint: .*sysctl /);
  assert.equal(await lab.ok(['ps', '-aq']), '');
});

test('-P publishes what the image exposes', { skip: missing.pasta }, async () => {
  const exposing = await lab.image({
    name: 'localhost/exposing:1',
    layers: [{ 'www/index.html': 'exposed\n' }],
    config: {
      Env: ['PATH=/bin'],
      ExposedPorts: { '80/tcp': {} },
      Cmd: ['httpd', '-f', '-h', '/www'],
    },
  });
  await lab.ok(['run', '-d', '--name', 'exposed', '-P', '--expose', '80-81', exposing]);
  const published = (await lab.ok(['port', 'exposed'])).split('\n');
  assert.deepEqual(published.map((line) => line.split(' ')[0]), ['80/tcp', '81/tcp']);
  const address = await lab.ok(['port', 'exposed', '80']);
  assert.equal(await fetchText(Number(address.split(':').at(-1))), 'exposed\n');
  await lab.ok(['rm', '-f', '-t', '0', 'exposed']);
});

test('bad ports are refused before anything is made', async () => {
  for (const port of ['0:80', '80:99999', 'x', '80:80/sctp', '8000-8002:80-81']) {
    const { status, stderr } = await lab.berth(['run', '--rm', '-p', port, image, 'true']);
    assert.equal(status, 125, port);
    assert.match(stderr, /port/);
  }
});
