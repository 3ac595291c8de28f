/**
 * What volumes are made of: owners, files in memory, folders of the machine, and what is refused.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const many = { skip: missing.subordinateIds };
let image = '';
before(async () => {
  image = await lab.image({
    layers: [{ 'data/seed': 'from image' }],
    config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
  });
});

const opt = (...options: string[]): string[] => options.flatMap((option) => ['-o', option]);

test('a volume is made for an owner, and filling it leaves the owner alone', many, async () => {
  await lab.ok(['volume', 'create', '--uid', '5', '--gid', '6', 'flags']);
  await lab.ok(['volume', 'create', ...opt('o=uid=7,gid=8'), 'options']);
  for (const [name, owner] of [['flags', '5:6'], ['options', '7:8']] as const) {
    assert.equal(await lab.ok(['volume', 'inspect', '-f', '{{.UID}}:{{.GID}}', name]), owner);
    const show = ['stat', '-c', '%u:%g', '/data', '/data/seed'];
    assert.equal(await lab.ok(['run', '--rm', '-v', `${name}:/data`, image, ...show]),
      `${owner}\n0:0`);
    assert.equal(await lab.ok(['run', '--rm', '-u', '9', '-v', `${name}:/new`, image, 'stat', '-c',
      '%u:%g', '/new']), owner);
  }
  const shown = await lab.ok(['volume', 'inspect', '-f', '{{json .Options}}', 'options']);
  assert.deepEqual(JSON.parse(shown), { o: 'uid=7,gid=8', UID: '7', GID: '8' });
  await lab.ok(['volume', 'rm', 'flags', 'options']);
});

test('files in memory: size, mode and owner; they go with the run', async () => {
  const owner = missing.subordinateIds === false ? ['uid=5', 'gid=6'] : [];
  const o = ['size=1m', 'mode=0750', 'nodev', 'noexec', ...owner].join(',');
  await lab.ok(['volume', 'create', ...opt('type=tmpfs', 'device=tmpfs', `o=${o}`), 'memory']);
  const look = 'stat -c %a:%u:%g /m; grep " /m " /proc/mounts; echo x >/m/file; ' +
    'head -c 2000000 /dev/zero >/m/large || echo full';
  const flags = ['--name', 'one', '-v', 'memory:/m', image, 'sh', '-c', look];
  const { stdout } = await lab.berth(['run', ...flags]);
  const ids = owner.length > 0 ? '5:6' : '0:0';
  const mounted = 'tmpfs /m tmpfs rw,nosuid,nodev,noexec';
  assert.match(stdout, new RegExp(`^750:${ids}\\n${mounted},.*full`, 's'));
  assert.equal(await lab.ok(['run', '--rm', '-v', 'memory:/m', image, 'ls', '/m']), '');
  assert.equal(await lab.ok(['run', '--rm', '-v', 'memory:/data', image, 'ls', '/data']), 'seed');
  await lab.ok(['rm', 'one']);
  await lab.ok(['volume', 'rm', 'memory']);
});

test('a volume in memory is of one running container, and a refused --rm one is gone', async () => {
  await lab.ok(['volume', 'create', ...opt('type=tmpfs'), 'memory']);
  const mount = ['-v', 'memory:/m', image];
  await lab.ok(['run', '-d', '--name', 'holder', '--stop-timeout', '0', ...mount, 'sleep', '100']);
  const { status, stderr } = await lab.berth(['run', '--rm', ...mount, 'true']);
  assert.equal(status, 125);
  assert.match(stderr,
    /"memory": .*"holder" has it: .*\nhint: berth stop holder; .*shm\/memory:\/m$/m);
  assert.equal(await lab.ok(['ps', '-a', '--format', '{{.Names}}']), 'holder');
  await lab.ok(['stop', 'holder']);
  await lab.ok(['run', '--rm', ...mount, 'true']);
  await lab.ok(['volume', 'rm', '-f', 'memory']);
});

test('a bound folder takes options of mounts, and a read-only one stays so', async () => {
  const folder = path.join(lab.home, 'bound');
  mkdirSync(folder);
  await lab.ok(['volume', 'create', ...opt('type=none', `o=bind,ro`, `device=${folder}`), 'bound']);
  const write = ['sh', '-c', 'touch /x/file 2>/dev/null || echo refused'];
  assert.equal(await lab.ok(['run', '--rm', '-v', 'bound:/x:rw', image, ...write]), 'refused');
  assert.deepEqual(readdirSync(folder), []);
  await lab.ok(['volume', 'rm', 'bound']);
});

test('with nocopy nothing of the image is copied', async () => {
  await lab.ok(['volume', 'create', ...opt('nocopy'), 'bare']);
  assert.equal(await lab.ok(['run', '--rm', '-v', 'bare:/data', image, 'ls', '/data']), '');
  await lab.ok(['volume', 'rm', 'bare']);
});

test('what takes root of the machine, or is no option, is refused by name', async () => {
  const cases: [words: string[], message: RegExp][] = [
    [opt('type=nfs', 'device=host:/x', 'o=addr=10.0.0.1'), /"nfs": only root of the machine/],
    [opt('type=ext4', 'device=/dev/sdb'), /"ext4": only root/],
    [opt('o=size=10m'), /o=size=10m: only root .*\nhint: -o type=tmpfs/],
    [opt('type=tmpfs', 'o=bogus'), /o=bogus: not an option/],
    [opt('type=tmpfs', 'o=size=much'), /o=size=much/],
    [opt('type=tmpfs', 'o=uid=ann'), /o=uid=ann: not a number/],
    [opt('type=none', 'device=/x'), /what is to be bound is missing\nhint: .*o=bind/],
    [opt('type=none', 'o=bind', 'device=rel'), /"rel" as a volume: not an absolute path/],
    [opt('flavour=sweet'), /-o flavour: no such option\nhint: options are type, device/],
    [['--uid', '-1'], /--uid "-1"/],
    [['--uid', '4000000000'], /give a volume to id 4000000000/],
    [['--driver', 'flocker'], /"flocker"/],
  ];
  for (const [words, message] of cases) {
    const { status, stderr } = await lab.berth(['volume', 'create', ...words, 'odd']);
    assert.equal(status, 125, words.join(' '));
    assert.match(stderr, message, words.join(' '));
  }
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test('--ignore leaves a volume as it is', async () => {
  await lab.ok(['volume', 'create', '--label', 'a=b', 'there']);
  assert.equal(await lab.ok(['volume', 'create', '--ignore', '--label', 'a=c', 'there']), 'there');
  assert.equal(await lab.ok(['volume', 'inspect', '-f', '{{.Labels.a}}', 'there']), 'b');
  await lab.ok(['volume', 'rm', 'there']);
});

test('sources that are not there, or no names, are told when the container is made', async () => {
  const cases: [mount: string[], message: RegExp][] = [
    [['-v', './missing:/x'], /bind ".*\/missing": no such file or directory/],
    [['-v', '/missing:/x'], /bind "\/missing"/],
    [['--mount', 'type=bind,src=missing,dst=/x'], /bind ".*\/missing"/],
    [['-v', 'rel/path:/x'], /"rel\/path" is no name of a volume\nhint: .*-v \.\/rel\/path:\/x/],
    [['-v', 'name:rel'], /"rel": not an absolute path/],
    [['-v', 'rel'], /"rel": not an absolute path/],
    [['-v', ':/x'], /":\/x"/],
    [['-v', 'bad!name:/x'], /"bad!name"/],
  ];
  for (const [mount, message] of cases) {
    const { status, stderr } = await lab.berth(['create', ...mount, image]);
    assert.equal(status, 125, mount.join(' '));
    assert.match(stderr, message);
  }
  assert.equal(await lab.ok(['ps', '-aq']), '');
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});
