/**
 * `berth login` and `berth logout`, against a registry with TLS and a password.
 */
import assert from 'node:assert/strict';
import {
  copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { archiveOf } from '../lab/images.ts';
import { missing } from '../lab/probes.ts';
import { startRegistry, type Registry } from '../lab/registry.ts';
import { openLab } from './harness.ts';

const skip = missing.dockerRegistry || missing.skopeo;
const lab = openLab();
const certificates = path.join(lab.home, 'certs');
const password = { user: 'ann', password: 's3cret' };
let registry: Registry | undefined;

before(async () => {
  if (skip !== false) return;
  registry = await startRegistry(lab.folder, { tls: true, password });
  const { archive } = archiveOf({ layers: [{ file: 'one' }] }, lab.folder);
  registry.push(`oci-archive:${archive}`, 'app:1');
  mkdirSync(certificates);
  copyFileSync(registry.authority ?? '', path.join(certificates, 'ca.crt'));
});
lab.atEnd(async () => {
  await registry?.stop();
  rmSync(path.join(lab.runtime, 'containers'), { recursive: true, force: true });
});

test('login keeps the password for the user alone, logout forgets it', { skip }, async () => {
  const host = registry?.host ?? '';
  const certs = ['--cert-dir', certificates];
  const refused = await lab.berth(['pull', ...certs, '--retry', '0', `${host}/app:1`]);
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /unauthorized|401|log ?in/i);
  const wrong = await lab.berth(['login', ...certs, '-u', 'ann', '--password-stdin', host], {
    input: 'no',
  });
  assert.equal(wrong.status, 125);
  const input = 's3cret\n';
  const words = ['login', '-v', ...certs, '-u', 'ann', '--password-stdin', host];
  const { stdout } = await lab.berth(words, { input });
  const file = path.join(lab.runtime, 'containers/auth.json');
  assert.equal(stdout, `Used:  ${file}\nLogin Succeeded!\n`);
  assert.ok(existsSync(file));
  assert.equal(statSync(file).mode & 0o077, 0);
  assert.equal(await lab.ok(['login', '--get-login', host]), 'ann');
  await lab.ok(['pull', '-q', ...certs, `${host}/app:1`]);
  await lab.ok(['logout', host]);
  assert.equal((await lab.berth(['login', '--get-login', host])).status, 125);
  assert.doesNotMatch(readFileSync(file, 'utf8'), /s3cret|czNjcmV0/);
  await lab.ok(['logout', '--all']);
});

test('a login without a name tries the one that is kept', { skip }, async () => {
  const host = registry?.host ?? '';
  const certs = ['--cert-dir', certificates];
  const authFile = path.join(lab.home, 'kept.json');
  const login = ['login', ...certs, '--authfile', authFile];
  await lab.ok([...login, '-u', 'ann', '--password-stdin', `${host}/app`], { input: 's3cret' });
  assert.equal(await lab.ok([...login, '--get-login', `${host}/app`]), 'ann');
  assert.equal(await lab.ok([...login, `${host}/app`]),
    `Authenticating with existing credentials for ${host}/app\n`
    + `Existing credentials are valid. Already logged in to ${host}/app`);
  const changed = readFileSync(authFile, 'utf8').replace(/"auth": ".*"/, '"auth": "YW5uOm5v"');
  writeFileSync(authFile, changed);
  const { status, stdout, stderr } = await lab.berth([...login, `${host}/app`], { input: '' });
  assert.equal(status, 125);
  assert.match(stdout, /^Existing credentials are invalid, please enter valid username and pass/m);
  assert.match(stderr, /is not a terminal/);
});

test('a login is good for the layers that are pushed at the same time', { skip }, async () => {
  const host = registry?.host ?? '';
  const to = ['--cert-dir', certificates, '--authfile', path.join(lab.home, 'pushing.json')];
  const layers = [{ '/a': 'a' }, { '/b': 'b' }, { '/c': 'c' }];
  const name = await lab.image({ name: 'localhost/many:1', busybox: false, layers });
  const refused = await lab.berth(['push', ...to.slice(0, 2), name, `${host}/many:1`]);
  assert.equal(refused.status, 125);
  assert.equal(refused.stderr,
    `Error: ask "${host}": it wants a user name and password\nhint: berth login ${host}\n`);
  await lab.ok(['login', ...to, '-u', 'ann', '--password-stdin', host], { input: 's3cret' });
  assert.match(await lab.ok(['push', ...to, name, `${host}/many:1`]), /^sha256:/);
});

test('where nobody logged in, there is nothing to log out of', async () => {
  for (const args of [['logout', 'reg.test'], ['login', '--get-login', 'reg.test']]) {
    const { status, stderr } = await lab.berth(args);
    assert.equal(status, 125);
    assert.match(stderr, /"reg\.test": not logged in[^]*\nhint: berth login reg\.test/);
  }
  assert.equal(await lab.ok(['logout', '--all']),
    'Removed login credentials for all registries');
});

test('a login without a terminal says which flags replace the questions', async () => {
  const { status, stderr } = await lab.berth(['login', 'reg.test'], { input: '' });
  assert.equal(status, 125);
  assert.match(stderr, /is not a terminal\nhint: use --username and --password-stdin/);
});

test('--creds with a name alone asks for the password, where there is a terminal', async () => {
  const words = ['pull', '--creds', 'ann', 'reg.test/x'];
  const { status, stderr } = await lab.berth(words, { input: '' });
  assert.equal(status, 125);
  assert.equal(stderr, 'Error: ask for the password: standard input is not a terminal\n'
    + 'hint: use --creds ann:PASSWORD\n');
});
