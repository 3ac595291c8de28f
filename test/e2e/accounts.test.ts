/**
 * `--passwd`, `--passwd-entry`, `--group-entry` and `--hostuser`: who is in /etc/passwd and
 * /etc/group of a container beside those of its image.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';
import { openOneId } from './one-id.ts';

const lab = openLab();
const { username, uid, gid, homedir } = userInfo();
let image = '';
before(async () => {
  image = await lab.image({ layers: [{
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n', '/etc/group': 'root:x:0:\n', '/work/': '',
  }] });
});

/** The lines that the container has and its image has not. */
async function added(...flags: string[]): Promise<string[]> {
  const show = 'cat /etc/passwd; echo; cat /etc/group';
  const run = ['run', '--rm', '--network', 'none'];
  const known = (await lab.ok([...run, image, 'sh', '-c', show])).split('\n');
  const said = await lab.ok([...run, '-w', '/work', ...flags, image, 'sh', '-c', show]);
  return said.split('\n').filter((line) => !known.includes(line));
}

test('a user by number who is not known is in passwd, and his group in group', async () => {
  assert.deepEqual(await added('-u', '4321'), ['4321:*:4321:0:container user:/work:/bin/sh']);
  assert.deepEqual(await added('-u', '4321:8765'),
    ['4321:*:4321:8765:container user:/work:/bin/sh', '8765:x:8765:4321']);
  const who = ['run', '--rm', '--network', 'none', '-u', '4321', image, 'sh', '-c', 'whoami'];
  assert.equal(await lab.ok(who), '4321');
  assert.deepEqual(await added('-u', '0'), []);
});

test('--passwd=false leaves the files alone', async () => {
  assert.deepEqual(await added('-u', '4321:8765', '--passwd=false'), []);
  assert.deepEqual(await added('--hostuser', username, '--passwd=false'), []);
});

test('entries are written as they are typed, with their variables', async () => {
  assert.deepEqual(await added('-u', '4321:8765',
    '--passwd-entry', 'ann:*:$UID:$GID:$NAME of $USERNAME:/home:$HOME/$OTHER',
    '--group-entry', 'staff2:x:$GID:$USERLIST,$GROUPNAME'),
  ['ann:*:4321:8765:container user of 4321:/home:/work/$OTHER', 'staff2:x:8765:4321,8765']);
});

test('users of the machine come by name and by uid, at home where that is mounted', async () => {
  const group = readFileSync('/etc/group', 'utf8').split('\n').map((line) => line.split(':'))
    .find(([, , id]) => id === String(gid))?.[0] ?? username;
  for (const name of [username, String(uid)]) {
    const [passwd = '', line] = await added('--hostuser', name);
    assert.match(passwd, new RegExp(`^${username}:\\*:${uid}:${gid}:[^:]*:/work:/bin/sh$`));
    assert.equal(line, `${group}:x:${gid}:${username}`);
  }
  const [mounted = ''] = await added('--hostuser', username, '-v',
    `${path.join(lab.folder, 'tmp')}:${homedir}`);
  assert.ok(mounted.endsWith(`:${homedir}:/bin/sh`), mounted);
  const missing = await lab.berth(['create', '--hostuser', 'nobody-at-all', image]);
  assert.equal(missing.status, 125);
  assert.match(missing.stderr, /find user "nobody-at-all" of this machine: no such user\nhint: /);
});

test('with one id too, and once however often it starts', async () => {
  const said = await openOneId(lab).run(`
    berth create --name a --network none -u 4321 -w /tmp host cat /etc/passwd >/dev/null
    berth start -a a >/dev/null; berth start -a a; berth rm a >/dev/null`);
  const lines = said.split('\n').filter((line) => line.startsWith('4321:'));
  assert.deepEqual(lines, ['4321:*:4321:0:container user:/tmp:/bin/sh']);
});
