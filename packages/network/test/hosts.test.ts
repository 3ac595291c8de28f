/** What a container's /etc/hosts says, and in which order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsFile, type HostsSettings } from '../src/hosts.ts';

const OWN: HostsSettings = {
  addHosts: [], names: ['box', 'calm_drake'], address: '10.0.2.100', hostAddress: '192.0.2.2',
  hostFile: '', sharesLoopback: false,
};
const HOST = [
  '127.0.0.1 localhost', '127.0.1.1\tmachine.example machine', '::1 ip6-localhost', '# 1.2.3.4 no',
  '203.0.113.5  db.example db # the database', '203.0.113.6 box localhost', '', 'alone',
].join('\n');

const linesOf = (settings: Partial<HostsSettings>): string[] =>
  hostsFile({ ...OWN, ...settings }).trimEnd().split('\n');

test('the container finds itself, its host, and what the host names', () => {
  assert.deepEqual(linesOf({ hostFile: HOST }), [
    '127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback',
    '203.0.113.5\tdb.example db',
    '192.0.2.2\thost.containers.internal host.docker.internal',
    '10.0.2.100\tbox calm_drake',
  ]);
});

test('names of the host’s loopback lead nowhere else but on its own network', () => {
  const shared = { hostFile: HOST, sharesLoopback: true, address: undefined, names: [] };
  assert.ok(linesOf(shared).includes('127.0.1.1\tmachine.example machine'));
  assert.ok(linesOf(shared).includes('203.0.113.6\tbox'));
});

test('what the user adds wins over what the host has', () => {
  const lines = linesOf({ hostFile: HOST, addHosts: ['db:198.51.100.1', 'gate:host-gateway'] });
  assert.deepEqual(lines.slice(0, 2), ['198.51.100.1\tdb', '192.0.2.2\tgate']);
  assert.ok(lines.includes('203.0.113.5\tdb.example'));
});
