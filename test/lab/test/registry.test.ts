/**
 * The lab's registries keep their promises: plain, TLS and password, each asked as skopeo asks.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { archiveOf } from '../images.ts';
import { missing } from '../probes.ts';
import { startRegistry } from '../registry.ts';
import type { Registry, RegistryOptions } from '../registry.ts';

const skip = missing.dockerRegistry || missing.skopeo || missing.busybox;

async function withRegistry(
  options: RegistryOptions, use: (registry: Registry) => void,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lab-'));
  const registry = await startRegistry(folder, options);
  try {
    registry.push(`oci-archive:${archiveOf({}, folder).archive}`, 'busybox:1');
    use(registry);
  } finally {
    await registry.stop();
    rmSync(folder, { recursive: true });
  }
}

test('a plain registry serves an image pushed to it', { skip }, async () => {
  await withRegistry({}, ({ host }) => {
    const config = execFileSync('skopeo', [
      'inspect', '--config', '--tls-verify=false', `docker://${host}/busybox:1`,
    ], { encoding: 'utf8' });
    assert.deepEqual((JSON.parse(config) as { config: { Cmd: string[] } }).config.Cmd, ['sh']);
  });
});

test('a registry with TLS is trusted by its authority only', { skip }, async () => {
  await withRegistry({ tls: true }, ({ host, authority }) => {
    const inspect = (...args: string[]): number | null => spawnSync('curl', [
      '--silent', '--fail', '--output', '/dev/null', ...args, `https://${host}/v2/busybox/tags/list`,
    ]).status;
    assert.equal(inspect('--cacert', authority), 0);
    assert.notEqual(inspect(), 0);
  });
});

test('a registry with a password refuses others', { skip }, async () => {
  await withRegistry({ password: { user: 'lab', password: 'secret' } }, ({ host }) => {
    const inspect = (credentials: string): number | null => spawnSync('skopeo', [
      'inspect', '--tls-verify=false', credentials, `docker://${host}/busybox:1`,
    ]).status;
    assert.equal(inspect('--creds=lab:secret'), 0);
    assert.notEqual(inspect('--creds=lab:wrong'), 0);
    assert.notEqual(inspect('--no-creds'), 0);
  });
});
