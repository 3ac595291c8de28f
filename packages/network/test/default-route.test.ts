/**
 * A default route is found in the kernel's tables, and the reject route of IPv6 is none.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { hasRoute } from '../src/default-route.ts';

const HEAD =
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
const ZERO = '0'.repeat(32);

function withTables(tables: Record<string, string>): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'route-'));
  try {
    for (const [name, text] of Object.entries(tables)) writeFileSync(path.join(folder, name), text);
    return hasRoute(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a default route of IPv4', () => {
  const local = 'eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n';
  const out = 'eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n';
  assert.equal(withTables({ route: HEAD + local + out }), true);
  assert.equal(withTables({ route: HEAD + local }), false);
});

test('a default route of IPv6, but not the one that rejects', () => {
  const line = (device: string): string =>
    `${ZERO} 00 ${ZERO} 00 ${ZERO} 00000400 00000001 00000000 00000003 ${device.padStart(8)}\n`;
  assert.equal(withTables({ ipv6_route: line('eth0') }), true);
  assert.equal(withTables({ ipv6_route: line('lo') }), false);
});

test('no tables, no route', () => assert.equal(withTables({}), false));
