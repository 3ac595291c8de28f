/**
 * `berth unshare`: a command of the host as root of the containers' namespace.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();

test('the command is root, and gives its status', async () => {
  assert.equal(await lab.ok(['unshare', 'id', '-u']), '0');
  assert.equal((await lab.berth(['unshare', 'sh', '-c', 'exit 9'])).status, 9);
  assert.equal(await lab.ok(['unshare', 'cat'], { input: 'passed on' }), 'passed on');
  assert.equal(await lab.ok(['unshare', 'echo', '--help', '-v']), '--help -v');
});

test('without a command it is the shell', async () => {
  const env = { SHELL: '/bin/sh' };
  assert.equal(await lab.ok(['unshare'], { env, input: 'id -u; exit 0' }), '0');
});

test("a command that is not there has status 127, one that can't run 126", async () => {
  const absent = await lab.berth(['unshare', 'no-such-command'],
    { env: { PATH: `${lab.home}/absent:/root:${process.env['PATH'] ?? ''}` } });
  assert.equal(absent.status, 127);
  assert.match(absent.stderr, /^Error: execute "no-such-command": no such file or directory/);
  assert.equal((await lab.berth(['unshare', '/etc/passwd'])).status, 126);
});

test('files of containers have their owners in it', { skip: missing.subordinateIds }, async () => {
  const image = await lab.image();
  await lab.ok(['run', '--rm', '-u', '7:8', '-v', 'files:/files', image, 'touch', '/files/one']);
  const folder = await lab.ok(['volume', 'inspect', '-f', '{{.Mountpoint}}', 'files']);
  assert.equal(await lab.ok(['unshare', 'stat', '-c', '%u:%g', `${folder}/one`]), '7:8');
  await lab.ok(['volume', 'rm', 'files']);
});
