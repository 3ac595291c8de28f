/**
 * Attacks by registries, manifests and layers, by the identifiers under which they became known.
 * "Refused" means: a clear error, nothing changed on the host, nothing left behind.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { archive, startRegistryServer } from '@berth/testing';
import type { ContentDescriptor, EntrySpec, RegistryServer } from '@berth/testing';
import { execute } from '../e2e/execute.ts';
import { openLab } from '../e2e/harness.ts';

const lab = openLab();
const INSECURE = ['--tls-verify=false', '--retry', '0'];
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
let registry: RegistryServer;
let outside = '';

before(async () => {
  registry = await startRegistryServer();
  outside = path.join(lab.folder, 'outside');
  mkdirSync(outside, { mode: 0o750 });
  writeFileSync(path.join(outside, 'canary'), 'untouched', { mode: 0o640 });
});
lab.atEnd(async () => {
  await registry.close();
  assert.deepEqual(readdirSync(outside), ['canary']);
  assert.equal(readFileSync(path.join(outside, 'canary'), 'utf8'), 'untouched');
  assert.equal(statSync(outside).mode & 0o7777, 0o750);
});

function put(repository: string, document: object, mediaType = OCI_MANIFEST): ContentDescriptor {
  return registry.content.putManifest({ repository, tag: 'latest' },
    { bytes: Buffer.from(JSON.stringify(document)), mediaType });
}

async function refused(name: string, reason: RegExp): Promise<void> {
  const { status, stderr } = await lab.berth(['pull', '-q', ...INSECURE, name]);
  assert.equal(status, 125, `${name}: ${stderr}`);
  assert.match(stderr, reason);
  requireNothingLeft();
}

/** No layer, nothing half-made and nothing in the trash. */
function requireNothingLeft(): void {
  for (const folder of ['layers', 'staging', 'trash']) {
    const at = path.join(lab.data, 'v1', folder);
    assert.deepEqual(existsSync(at) ? readdirSync(at) : [], [], folder);
  }
}

/** A server that answers everything the same way. */
async function answering(answer: (response: ServerResponse) => void): Promise<{
  host: string; server: Server; authorizations: (string | undefined)[];
}> {
  const authorizations: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { host: `127.0.0.1:${port}`, server, authorizations };
}

test('CVE-2020-1702, CVE-2023-25153: a manifest without end', async () => {
  const zeros = Buffer.alloc(1 << 16, ' ');
  const endless = await answering((response) => {
    response.writeHead(200, { 'content-type': OCI_MANIFEST });
    const send = (): void => {
      while (!response.destroyed && response.write(zeros));
    };
    response.on('drain', send);
    send();
  });
  await refused(`${endless.host}/x`, /more than the limit/);
  const declared = await answering((response) => {
    response.writeHead(200, { 'content-type': OCI_MANIFEST, 'content-length': 2 ** 30 });
    response.write(zeros);
  });
  await refused(`${declared.host}/x`, /1073741824 bytes are more than the limit/);
  for (const { server } of [endless, declared]) {
    server.closeAllConnections();
    server.close();
  }
});

test('indexes within indexes end', async () => {
  const platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' };
  let inner = registry.content.putImage({ repository: 'deep', layers: [], platform }).manifest;
  for (let depth = 0; depth < 8; depth += 1) {
    const index = registry.content.putIndex({ repository: 'deep', tag: 'latest' }, [inner]);
    inner = { ...index, platform };
  }
  await refused(`${registry.host}/deep`, /without end/);
});

test('CVE-2024-3727: digests that are paths, or of unknown kinds, are refused', async () => {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', size: 2 };
  const good = `sha256:${'0'.repeat(64)}`;
  for (const digest of ['sha256:../../../x', '../../x', 'md5:d41d8cd98f00b204e9800998ecf8427e',
    `sha256:${'A'.repeat(64)}`, `sha256:${'0'.repeat(63)}/`, '']) {
    put('digests', { schemaVersion: 2, config: { ...config, digest }, layers: [] });
    await refused(`${registry.host}/digests`, /digest/);
    put('digests', { schemaVersion: 2, config: { ...config, digest: good },
      layers: [{ mediaType: 'x', size: 1, digest }] });
    await refused(`${registry.host}/digests`, /digest/);
    registry.content.putImage({ repository: 'diff-ids', tag: 'latest', layers: [archive()],
      config: { rootfs: { type: 'layers', diff_ids: [digest] } } });
    await refused(`${registry.host}/diff-ids`, /digest/);
  }
});

test('CVE-2021-41190: what is a manifest and an index at once is neither', async () => {
  const both = { schemaVersion: 2, config: {}, layers: [], manifests: [] };
  put('both', both);
  await refused(`${registry.host}/both`, /both layers and manifests/);
  put('claims', { schemaVersion: 2, mediaType: OCI_INDEX, config: {}, layers: [] });
  await refused(`${registry.host}/claims`, /contradicts/);
  put('carried', { schemaVersion: 2, manifests: [] }, OCI_MANIFEST);
  await refused(`${registry.host}/carried`, /contradicts/);
});

test('CVE-2020-15157: hosts that layers and redirects lead to never see the password', async () => {
  const access = { kind: 'basic', username: 'ann', password: 's3cret' } as const;
  const closed = await startRegistryServer({ access });
  const stranger = await answering((response) => response.writeHead(401, {
    'www-authenticate': 'Basic realm="give it to me"' }).end());
  const digest = `sha256:${'1'.repeat(64)}`;
  const { config } = closed.content.putImage({ repository: 'base', layers: [archive()] });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [{
    mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', size: 10, digest,
    urls: [`http://bob:x@${stranger.host}/layer`] }] }));
  closed.content.putManifest({ repository: 'x', tag: 'latest' },
    { bytes, mediaType: OCI_MANIFEST });
  const pulling = ['pull', '-q', ...INSECURE, '--creds', 'ann:s3cret', `${closed.host}/x`];
  assert.equal((await lab.berth(pulling)).status, 125);
  closed.faults.add({ match: /blobs/, fault: { kind: 'redirect',
    location: `http://eve:x@${stranger.host}/blob` } });
  const { status, stderr } = await lab.berth(pulling);
  assert.equal(status, 125);
  assert.doesNotMatch(stderr, /s3cret/);
  assert.ok(stranger.authorizations.length >= 2);
  assert.deepEqual([...new Set(stranger.authorizations)], [undefined]);
  assert.ok(closed.requests.some(({ headers }) => headers.authorization !== undefined));
  stranger.server.close();
  await closed.close();
});

test('CVE-2021-20291: a layer that breaks off holds nothing up', async () => {
  const whole = gzipSync(archive({ name: 'file', body: 'x'.repeat(100_000) }), { level: 0 });
  const { config } = registry.content.putImage({ repository: 'base',
    layers: [archive({ name: 'file', body: 'x'.repeat(100_000) })] });
  const cut = whole.subarray(0, 50_000);
  put('cut', { schemaVersion: 2, config, layers: [{
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', size: cut.length,
    digest: registry.content.putBlob(cut) }] });
  await refused(`${registry.host}/cut`, /gzip/);
});

test('a layer that grows without measure ends with the room there is for it', async () => {
  registry.content.putImage({ repository: 'bomb', tag: 'latest',
    layers: [archive({ name: 'bomb', body: Buffer.alloc(64 << 20) })] });
  // The worker is given less room than the layer asks for, as by a disk that is nearly full.
  const words = ['prlimit', '--fsize=4194304', ...lab.command, 'pull', '-q', ...INSECURE];
  const { status, stderr } = await execute([...words, `${registry.host}/bomb`],
    { env: lab.environment, cwd: lab.folder });
  assert.equal(status, 125, stderr);
  assert.match(stderr, /write "bomb": file too large/i);
  requireNothingLeft();
});

const HOSTILE: readonly [string, readonly EntrySpec[], RegExp | undefined][] = [
  ['CVE-2026-17106: names that go up', [{ name: '../escaped' }], /"\.\." in a name/],
  ['a name that goes up behind a folder', [{ name: 'a/../../escaped' }], /"\.\." in a name/],
  ['CVE-2021-29136: the root as a link', [{ name: '.', flag: '2', linkName: '/tmp' }],
    /the root is a directory/],
  ['the root as a file', [{ name: '.', flag: '0' }], /the root is a directory/],
  ['CVE-2020-10696: a write through a link', [
    { name: 'door', flag: '2', linkName: 'OUTSIDE' },
    { name: 'door/escaped', body: 'x' }], undefined],
  ['a write through a link that goes up', [
    { name: 'door', flag: '2', linkName: '../../../../../../OUTSIDE' },
    { name: 'door/escaped', body: 'x' }], undefined],
  ['CVE-2021-32760: modes through a link', [
    { name: 'door', flag: '2', linkName: 'OUTSIDE' },
    { name: 'door', flag: '2', linkName: 'OUTSIDE', mode: 0o777 },
    { name: 'door/', flag: '5', mode: 0o777 }], undefined],
  ['CVE-2021-37701: a link in place of a known folder', [
    { name: 'a/', flag: '5' }, { name: 'a', flag: '2', linkName: 'OUTSIDE' },
    { name: 'a/escaped', body: 'x' }], undefined],
  ['CVE-2026-26960: a hard link through a link', [
    { name: 'door', flag: '2', linkName: 'OUTSIDE' },
    { name: 'stolen', flag: '1', linkName: 'door/canary' }], /link/],
  ['a hard link that goes up', [
    { name: 'stolen', flag: '1', linkName: '../../canary' }], /"\.\." in a name/],
  ['a hard link to nothing', [{ name: 'stolen', flag: '1', linkName: 'OUTSIDE/canary' }],
    /no such file|no directory/],
  ['a whiteout through a link', [
    { name: 'door', flag: '2', linkName: 'OUTSIDE' }, { name: 'door/.wh.canary' },
    { name: 'door/.wh..wh..opq' }], undefined],
  ['whiteouts of what is above', [{ name: '.wh...' }], /whiteout of nothing/],
  ['a size below zero', [{ name: 'file', sizeField: Buffer.alloc(12, 0xff) }], /size/],
];

for (const [title, entries, reason] of HOSTILE) {
  test(`layers, ${title}`, async () => {
    const aimed = entries.map((entry) => ({ ...entry,
      ...(entry.linkName === undefined ? {}
        : { linkName: entry.linkName.replace('OUTSIDE', outside.slice(0, 90)) }) }));
    const layers = [archive(...aimed)];
    registry.content.putImage({ repository: 'hostile', tag: 'latest', layers });
    const name = `${registry.host}/hostile`;
    if (reason !== undefined) {
      await refused(name, reason);
      return;
    }
    const { status, stderr } = await lab.berth(['pull', '-q', ...INSECURE, name]);
    assert.ok([0, 125].includes(status), stderr);
    if (status === 0) await lab.ok(['rmi', name]);
    assert.deepEqual(readdirSync(outside), ['canary']);
    requireNothingLeft();
  });
}

test("CVE-2025-11395: archives for load and import can't leave the store either", async () => {
  const file = path.join(lab.folder, 'hostile.tar');
  writeFileSync(file, archive({ name: 'door', flag: '2', linkName: outside },
    { name: 'door/../../escaped', body: 'x' }));
  const imported = await lab.berth(['import', '-q', file]);
  assert.equal(imported.status, 125);
  writeFileSync(file, archive(
    { name: 'manifest.json', body: '[{"Config":"../outside/canary","Layers":["l.tar"]}]' },
    { name: 'l.tar', flag: '2', linkName: path.join(outside, 'canary') }));
  const loaded = await lab.berth(['load', '-q', '-i', file]);
  assert.equal(loaded.status, 125);
  assert.doesNotMatch(loaded.stderr, /untouched/);
  requireNothingLeft();
});
