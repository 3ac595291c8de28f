/**
 * `berth info`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();

test('info describes the machine, under the names of Podman too', async () => {
  const info = JSON.parse(await lab.ok(['info', '--format', 'json'])) as {
    host: { arch: string };
    store: { graphRoot: string };
  };
  assert.equal(await lab.ok(['info', '-f', '{{.Host.Arch}} {{.host.arch}}']),
    `${info.host.arch} ${info.host.arch}`);
  assert.equal(await lab.ok(['info', '-f', '{{.Store.GraphRoot}}']), info.store.graphRoot);
  assert.match(await lab.ok(['info']), /^host:\n {2}arch: /);
});
