/**
 * `--userns`, `--uidmap` and `--gidmap`: containers with a map of their own, whose layers are
 * shifted and whose content is not copied.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { release, userInfo } from 'node:os';
import path from 'node:path';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';
import { openOneId } from './one-id.ts';

const lab = openLab();
const UID = process.getuid?.() ?? 0;
const GID = process.getgid?.() ?? 0;
const SKIP = { skip: missing.subordinateIds };
const MANY_FILES = 2000;
let image = '';

before(async () => {
  const files = Object.fromEntries(Array.from({ length: MANY_FILES }, (_, index) =>
    [`/many/${index}`, `content ${index}\n`]));
  image = await lab.image({ layers: [
    { '/bin/rootly': { text: '#!/bin/sh\n', mode: 0o755 }, '/etc/removed': 'x', '/opt/a': 'a' },
    { ...files, '/etc/.wh.removed': '' },
  ] });
});
lab.atEnd(async () => {
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
});

async function inside(script: string, ...flags: string[]): Promise<string> {
  return lab.ok(['run', '--rm', '--network', 'none', ...flags, image, 'sh', '-c', script]);
}

test('keep-id: the caller is himself, root is root, and passwd knows both', SKIP, async () => {
  const said = await inside(
    `id -u; id -g; stat -c %u:%g / /bin/busybox /etc/passwd; cat /many/${MANY_FILES - 1}
    test -e /etc/removed || echo gone; grep -c ":${UID}:" /etc/passwd; touch /tmp/x 2>/dev/null
    stat -c %u:%g /dev/shm`,
    '--userns=keep-id');
  assert.deepEqual(said.split('\n'), [
    String(UID), String(GID), '0:0', '0:0', '0:0', `content ${MANY_FILES - 1}`, 'gone', '1', '0:0',
  ]);
});

test('keep-id with other numbers, and a size', SKIP, async () => {
  assert.equal(await inside('id -u; id -g', '--userns=keep-id:uid=2000,gid=3000'), '2000\n3000');
  const said = await inside('cat /proc/self/uid_map', '--userns=keep-id:uid=5,size=100');
  assert.deepEqual(said.split('\n').map((line) => line.trim().split(/ +/).join(' ')),
    ['0 1 5', '5 0 1', '6 6 94']);
});

test('files of bound folders belong to the caller inside and outside', SKIP, async () => {
  const folder = path.join(lab.folder, 'bound');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'mine'), '');
  const said = await inside('stat -c %u:%g /b/mine; touch /b/new', '--userns=keep-id',
    '-v', `${folder}:/b`);
  assert.equal(said, `${UID}:${GID}`);
  assert.equal(statSync(path.join(folder, 'new')).uid, UID);
});

test('a set-user-id program of root makes the caller root, as sudo would', SKIP, async () => {
  const folder = path.join(lab.folder, 'programs');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'who.c'), '#include <stdio.h>\n#include <unistd.h>\n' +
    'int main(void) { return printf("%d %d\\n", getuid(), geteuid()) < 0; }\n');
  execFileSync('cc', ['-static', '-o', path.join(folder, 'who'), path.join(folder, 'who.c')]);
  await lab.ok(['run', '-d', '--name', 'k', '--network', 'none', '--userns=keep-id',
    '-v', `${folder}:/programs:ro`, image, 'sleep', '100']);
  await lab.ok(['exec', '-u', 'root', 'k', 'sh', '-c',
    'cp /programs/who /who && chmod 4755 /who && touch /root-file && chown 33:33 /root-file']);
  assert.equal(await lab.ok(['exec', 'k', '/who']), `${UID} 0`);
  assert.equal(await lab.ok(['exec', 'k', 'id', '-u']), String(UID));
  assert.equal(await lab.ok(['exec', 'k', 'stat', '-c', '%u:%g', '/root-file']), '33:33');
  await lab.ok(['stop', '-t', '0', 'k']);
  await lab.ok(['start', 'k']);
  assert.equal(await lab.ok(['exec', 'k', 'stat', '-c', '%u:%g', '/root-file']), '33:33');
  await lab.ok(['rm', '-f', '-t', '0', 'k']);
});

test('no content is copied where overlay can refer to it', { skip: missing.subordinateIds ||
  (Number.parseFloat(release()) < 6.16 && 'overlay refers to content from Linux 6.16 on') },
async () => {
  await inside('true', '--userns=nomap');
  const shifted = path.join(lab.data, 'v1/shifted');
  const [map = ''] = readdirSync(shifted).filter((name) => name.startsWith('r'));
  const blocks = execFileSync('sh', ['-c',
    `find '${shifted}/${map}' -type f -size +64k -exec stat -c '%b' {} + 2>/dev/null`],
  { encoding: 'utf8' }).trim().split('\n').map(Number);
  // Long files have their length and attributes, at most in a block of 4 KiB, and no content.
  assert.ok(blocks.length > 0 && blocks.every((count) => count <= 8), `${blocks.join()} blocks`);
});

test('nomap leaves the caller out, and volumes belong to root', SKIP, async () => {
  const said = await inside(
    'id -u; stat -c %u /v; touch /v/x && echo written; grep -c . /proc/self/uid_map',
    '--userns=nomap', '-v', 'nomap:/v');
  assert.equal(said, '0\n0\nwritten\n1');
  await lab.ok(['volume', 'rm', 'nomap']);
});

test('auto takes maps on top of its own', SKIP, async () => {
  const said = await inside('cat /proc/self/uid_map; echo; cat /proc/self/gid_map',
    '--userns=auto:size=100,uidmapping=0:0:1,uidmapping=50:1:2,gidmapping=7:0');
  const maps = said.split('\n\n').map((map) =>
    map.split('\n').map((line) => line.trim().split(/ +/).join(' ')));
  assert.deepEqual(maps, [
    ['0 0 1', '1 4 49', '50 1 2', '52 55 48'], ['0 3 7', '7 0 1', '8 11 92'],
  ]);
});

test('--subuidname takes one\'s own ranges, and nobody else\'s', SKIP, async () => {
  const { username } = userInfo();
  const said = await inside('cat /proc/self/uid_map /proc/self/gid_map', '--subuidname', username);
  assert.deepEqual(said.split('\n').map((line) => line.trim().split(/ +/)[1]), ['1', '1']);
  for (const [flags, why] of [
    [['--subgidname', 'nobody-at-all'], /ids of "nobody-at-all": you are ".*"\nhint: --subuidname/],
    [['--subuidname', username, '--userns', 'auto'], /--subuidname and --subgidname say it/],
    [['--subuidname', username, '--uidmap', '0:1:5'], /--uidmap and --gidmap say it/],
  ] as const) {
    const { status, stderr } = await lab.berth(['create', ...flags, image]);
    assert.equal(status, 125);
    assert.match(stderr, why);
  }
});

test('auto gives two containers ids that have nothing in common', SKIP, async () => {
  const map = ['cat', '/proc/self/uid_map'];
  for (const name of ['a', 'b']) {
    await lab.ok(['create', '--name', name, '--network', 'none', '--userns=auto:size=2000', image,
      ...map]);
  }
  const starts = [];
  for (const name of ['a', 'b']) {
    starts.push((await lab.ok(['start', '-a', name])).trim().split(/ +/).join(' '));
  }
  assert.deepEqual(starts, ['0 1 2000', '0 2001 2000']);
  await lab.ok(['rm', 'a', 'b']);
});

test('auto has ids for the user and for the accounts of the image', SKIP, async () => {
  const map = ['sh', '-c', 'cat /proc/self/uid_map; id -u'];
  const run = async (name: string, ...flags: string[]): Promise<string> =>
    (await lab.ok(['run', '--rm', '--network', 'none', '--userns=auto', ...flags, name, ...map]))
      .trim().replaceAll(/ +/g, ' ');
  assert.equal(await run(image, '--user', '3000:4000'), '0 1 4001\n3000');
  const many = await lab.image({ name: 'localhost/accounts:1', layers: [
    { '/etc/passwd': 'root:x:0:0::/:\nnobody:x:65534:65534::/:\nfar:x:5000:6000::/:\n' },
  ] });
  assert.equal(await run(many, '--user', 'far'), '0 1 6001\n5000');
  const hostile = await lab.image({ name: 'localhost/accounts:2', layers: [
    { '/etc/passwd': { link: '/etc/../../../../../../dev/zero' }, '/etc/group/': '' },
  ] });
  await lab.ok(['create', '--name', 'hostile', '--userns=auto', hostile]);
  await lab.ok(['rm', 'hostile']);
  await lab.ok(['rmi', many, hostile]);
});

test('container:NAME has the ids of that container, and auto spares them', SKIP, async () => {
  const show = ['cat', '/proc/self/uid_map'];
  const run = async (...flags: string[]): Promise<string> =>
    (await lab.ok(['run', '--network', 'none', ...flags, image, ...show]))
      .trim().replaceAll(/ +/g, ' ');
  assert.equal(await run('--name', 'first', '--userns=auto:size=50'), '0 1 50');
  assert.equal(await run('--name', 'second', '--userns=container:first'), '0 1 50');
  await lab.ok(['rm', 'first']);
  assert.equal(await run('--rm', '--userns=auto:size=50'), '0 51 50');
  await lab.ok(['rm', 'second']);
});

test('maps for uids alone leave the gids as they are', SKIP, async () => {
  assert.equal(await inside('cut -c1-32 /proc/self/uid_map | tr -s " "; cat /proc/self/gid_map',
    '--uidmap', 'u0:5:10').then((said) => said.split('\n').length), 3);
  assert.equal(await inside('id -u; id -g; stat -c %u:%g /', '--uidmap', 'u0:5:10'), '0\n0\n0:0');
});

test('--uidmap and --gidmap, with ids of the host and on top of the others', SKIP, async () => {
  const show = 'cat /proc/self/uid_map; echo; cat /proc/self/gid_map';
  const plain = (text: string): string[] =>
    text.split('\n').map((line) => line.trim().split(/ +/).join(' '));
  assert.deepEqual(plain(await inside(show, '--uidmap', '0:1:500', '--uidmap', `500:@${UID}`)),
    ['0 1 500', '500 0 1', '', '0 1 500', '500 0 1']);
  assert.deepEqual(plain(await inside('cat /proc/self/uid_map', '--uidmap', '+100:5:10')),
    ['0 0 1', '1 1 4', '15 15 85', '100 5 10', '110 110 65427']);
});

test("what can't be mapped is refused with a reason", SKIP, async () => {
  for (const [flags, reason] of [
    [['--userns=other'], /no such mode/],
    [['--userns=keep-id:size=x'], /no option of it/],
    [['--uidmap', '0:1'], undefined],
    [['--uidmap', '0:1:99999999'], /not among your ids/],
    [['--uidmap', 'x'], /not CONTAINER:FROM/],
    [['--uidmap', '0:1:10', '--uidmap', '5:20:10'], /mapped already/],
    [['--userns=auto:size=99999'], /no container uses/],
    [['--userns=auto:size=10', '--user', '20'], /as user "20": .* no such id\nhint: .*are 0-9\n/],
    [['--uidmap', '1:1:10'], /run as user "0": the container has no such id/],
    [['--uidmap', '0:1:0'], /a map of no ids/],
    [['--userns=container:nobody'], /no such container/],
    [['--userns=ns:/proc/self/ns/user'], /can't be joined\nhint: use container:NAME/],
  ] as const) {
    const { status, stderr } = await lab.berth(['run', '--rm', '--network', 'none', ...flags,
      image, 'true']);
    if (reason === undefined) continue;
    assert.equal(status, 125, flags.join(' '));
    assert.match(stderr, reason);
  }
});

test('pruning removes shifted layers with their layer', SKIP, async () => {
  const name = await lab.image({ name: 'localhost/short:1', layers: [{ '/short': 'lived' }] });
  await lab.ok(['run', '--rm', '--network', 'none', '--userns=nomap', name, 'cat', '/short']);
  const shifted = path.join(lab.data, 'v1/shifted');
  const count = (): number => readdirSync(shifted).flatMap((map) =>
    readdirSync(path.join(shifted, map))).length;
  const before = count();
  await lab.ok(['rmi', name]);
  assert.equal(count(), before - 1);
});

test('system df counts shifted layers; system prune takes those without a container', SKIP,
  async () => {
    const trees = (): string[] => readdirSync(path.join(lab.data, 'v1/shifted'))
      .flatMap((map) => readdirSync(path.join(lab.data, 'v1/shifted', map)));
    const reclaimable = async (): Promise<number> => Number(await lab.ok(
      ['system', 'df', '--format', '{{if eq .Type "Images"}}{{.RawReclaimable}}{{end}}']));
    await lab.ok(['system', 'prune', '-f']);
    await lab.ok(['run', '--name', 'needs', '--userns=keep-id', image, 'true']);
    const before = await reclaimable();
    await lab.ok(['system', 'prune', '-f', '--filter', 'label=none']);
    assert.equal(trees().length, 1);
    await lab.ok(['rm', 'needs']);
    assert.equal((await reclaimable()) > before, true);
    await lab.ok(['system', 'prune', '-f']);
    assert.deepEqual(trees(), []);
    assert.equal(await inside('cat /many/1', '--userns=keep-id'), 'content 1');
  });

test('ports below 1024 are open to all users of such a container', SKIP, async () => {
  const said = await inside('cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
    '--userns=keep-id');
  assert.equal(said, '0');
});

test('keep-id works with one id as well', async () => {
  const oneId = openOneId(lab);
  const archive = path.join(lab.folder, 'small.tar');
  execFileSync('sh', ['-c', `cd '${lab.folder}' && mkdir -p small/bin small/etc && cp /bin/busybox \
    small/bin && ln -sf busybox small/bin/id && ln -sf busybox small/bin/sh &&
    echo root:x:0:0:root:/:/bin/sh >small/etc/passwd && tar -C small -cf ${archive} .`]);
  chmodSync(archive, 0o644);
  const said = await oneId.run(`berth import -q ${archive} small
    berth run --rm --userns=keep-id small id -u
    berth run --rm --userns=nomap small id -u 2>&1 || echo refused; berth rmi --all --force`);
  assert.match(said, new RegExp(`\n${UID}\n[^]*no ids but one[^]*refused`));
});
