/**
 * `berth version` and `--version`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();

test('--version and version', async () => {
  assert.match(await lab.ok(['--version']), /^berth version \d+\.\d+\.\d+$/);
  assert.equal(await lab.ok(['-v']), await lab.ok(['--version']));
  const version = await lab.ok(['version', '--format', '{{.Client.Version}}']);
  assert.equal(await lab.ok(['--version']), `berth version ${version}`);
  assert.match(await lab.ok(['version']), /^Client: +Berth\nVersion: +\d/);
  const { Client } = JSON.parse(await lab.ok(['version', '--format', 'json'])) as {
    Client: { Version: string };
  };
  assert.equal(Client.Version, version);
});

test('templates for Docker and Podman find what they look for', async () => {
  const version = await lab.ok(['version', '-f', '{{.Client.Version}}']);
  assert.equal(await lab.ok(['version', '-f', '{{.Server.Version}} {{.Version}}']),
    `${version} ${version}`);
  assert.equal(await lab.ok(['version', '-f', '{{.Client.Os}} {{.Client.GitCommit}}.']), 'linux .');
  const { status, stderr } = await lab.berth(['version', '-f', '{{.Client.Nothing}}']);
  assert.equal(status, 125);
  assert.match(stderr, /no such field as \.Nothing/);
});
