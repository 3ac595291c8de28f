/** Published ports: host ports that are chosen here, and those that are asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError } from '@berth/errors';
import { assignPorts, type WantedPort } from '../src/index.ts';

const WANTED: WantedPort = {
  hostAddress: undefined, hostPort: undefined, containerPort: 1000, count: 1, protocol: 'tcp',
};

test('of many ports that are chosen none is chosen twice, nor one that is asked for', async () => {
  const asked = { ...WANTED, hostPort: 33_000, containerPort: 5000, count: 3000 };
  const ports = await assignPorts([{ ...WANTED, count: 3000 }, asked]);
  assert.equal(new Set(ports.map(({ hostPort }) => hostPort)).size, 6000);
  assert.deepEqual(ports.map(({ containerPort }) => containerPort).slice(-2), [7998, 7999]);
});

test('a host port that is asked for twice is a conflict, unless protocols differ', async () => {
  const one = { ...WANTED, hostPort: 8080 };
  await assert.rejects(assignPorts([one, one]), ConflictError);
  const ports = await assignPorts([one, { ...one, protocol: 'udp' }]);
  assert.deepEqual(ports.map(({ hostPort }) => hostPort), [8080, 8080]);
});
