/** Images and tags from registries: indexes, digests, mirrors, limits. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { ImageSource, Reference } from '@berth/oci';
import { parseReference, parseDigest } from '@berth/oci';
import type { RegistryServer } from '@berth/testing';
import { digestOf } from '@berth/testing';
import type { RegistriesConfig } from '../src/registries-config.ts';
import type { RegistryRule } from '../src/registry-rule.ts';
import type { RegistrySourceOptions } from '../src/registry-source.ts';
import { currentDigest, listTags, registrySource } from '../src/registry-source.ts';
import { client, collect, NO_CONFIG, noise, registry } from './scripted-registry.ts';

const LAYERS = [noise(1000), noise(2000)];
const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64' };

function source(
  t: TestContext,
  name: string,
  options: Partial<RegistrySourceOptions> = {},
): ImageSource {
  return registrySource(parseReference(name), { client: client(t), platform: AMD64, ...options });
}

function configWith(rule: Partial<RegistryRule> & { prefix: string }): RegistriesConfig {
  const empty = { location: rule.prefix, isInsecure: true, isBlocked: false, mirrors: [] };
  return { ...NO_CONFIG, rules: [{ ...empty, ...rule }], files: ['registries.conf'] };
}

test('an image is read by tag: manifest, config and layers', async (t) => {
  const server = await registry(t);
  const image = server.content.putImage({ repository: 'a/b', tag: 'v1', layers: LAYERS });
  const found = source(t, `${server.host}/a/b:v1`);
  const { document, manifest, indexDigest } = await found.manifest();
  assert.equal(document.digest, image.manifest.digest);
  assert.equal(indexDigest, undefined);
  assert.equal(digestOf(Buffer.from(await found.config())), image.config.digest);
  for (const [at, layer] of manifest.layers.entries()) {
    const stream = await found.layer(layer, { offset: 0, signal: undefined });
    assert.equal(digestOf(await collect(stream)), image.layers[at]?.digest);
  }
});

for (const format of ['oci', 'docker'] as const) {
  test(`an image in the ${format} format is asked for once`, async (t) => {
    const server = await registry(t);
    server.content.putImage({ repository: 'a/b', tag: 'v1', layers: LAYERS, format });
    const found = source(t, `${server.host}/a/b:v1`);
    await Promise.all([found.manifest(), found.manifest(), found.config()]);
    assert.equal(server.requests.filter(({ path }) => path.includes('manifests')).length, 1);
  });
}

interface WithIndex {
  readonly server: RegistryServer;
  readonly arm: string;
  readonly index: string;
}

async function withIndex(t: TestContext): Promise<WithIndex> {
  const server = await registry(t);
  const put = (platform: typeof AMD64): ReturnType<typeof server.content.putImage> =>
    server.content.putImage({ repository: 'a/b', layers: LAYERS, platform });
  const [amd, arm] = [put(AMD64), put(ARM64)];
  const index = server.content.putIndex({ repository: 'a/b', tag: 'v1' }, [
    amd.manifest,
    arm.manifest,
  ]);
  return { server, arm: arm.manifest.digest, index: index.digest };
}

test('an index is followed to the platform asked for', async (t) => {
  const { server, arm, index } = await withIndex(t);
  const found = source(t, `${server.host}/a/b:v1`, { platform: ARM64 });
  const { document, indexDigest } = await found.manifest();
  assert.equal(document.digest, arm);
  assert.equal(indexDigest, index);
});

test('a platform that the index lacks is an error that lists those it has', async (t) => {
  const { server } = await withIndex(t);
  const found = source(t, `${server.host}/a/b:v1`, {
    platform: { os: 'linux', architecture: 's390x' },
  });
  await assert.rejects(found.manifest(), {
    code: 'NO_SUCH_PLATFORM',
    message: /linux\/s390x.*linux\/amd64, linux\/arm64/,
    hint: '--platform linux/amd64',
  });
});

test('an index with platforms made of anything but text is no crash', async (t) => {
  const server = await registry(t);
  const { manifest } = server.content.putImage({ repository: 'a/b', layers: LAYERS });
  const odd = [
    { ...manifest, platform: { os: 5, architecture: [] } },
    { ...manifest, platform: null },
  ];
  server.content.putIndex({ repository: 'a/b', tag: 'v1' }, odd as never);
  await assert.rejects(source(t, `${server.host}/a/b:v1`).manifest(), { code: 'NO_SUCH_PLATFORM' });
});

test('an index that leads to itself ends', async (t) => {
  const server = await registry(t);
  let entry = server.content.putImage({ repository: 'a/b', layers: [] }).manifest;
  for (let depth = 0; depth < 6; depth += 1) {
    const index = server.content.putIndex({ repository: 'a/b', tag: 'v1' }, [entry]);
    entry = { ...index, platform: AMD64 };
  }
  await assert.rejects(source(t, `${server.host}/a/b:v1`).manifest(), { code: 'INDEX_DEPTH' });
});

test('a page in place of a manifest is an error that names the image', async (t) => {
  const server = await registry(t);
  const name = `${server.host}/a/b:v1`;
  const body = Buffer.from('<html>log in to the hotel</html>');
  server.faults.add({ match: /manifests/, fault: { kind: 'replace', body } });
  await assert.rejects(source(t, name).manifest(), { code: 'BAD_JSON', message: `pull "${name}"` });
});

test('an image is read by digest, and other bytes are refused', async (t) => {
  const server = await registry(t);
  const image = server.content.putImage({ repository: 'a/b', tag: 'v1', layers: LAYERS });
  const name = `${server.host}/a/b@${image.manifest.digest}`;
  assert.equal((await source(t, name).manifest()).document.digest, image.manifest.digest);
  server.faults.add({ match: /manifests/, fault: { kind: 'corrupt' } });
  await assert.rejects(source(t, name).manifest(), { code: 'MANIFEST_DIGEST' });
});

test('a config of other bytes is refused', async (t) => {
  const server = await registry(t);
  server.content.putImage({ repository: 'a/b', tag: 'v1', layers: LAYERS });
  server.faults.add({ match: /blobs/, fault: { kind: 'corrupt' } });
  await assert.rejects(source(t, `${server.host}/a/b:v1`).config(), { code: 'CONFIG_DIGEST' });
});

const OVERSIZED: readonly (readonly [string, Record<string, string>])[] = [
  ['says that it is long', { 'content-length': String(1 << 30) }],
  ['just goes on', { 'transfer-encoding': 'chunked' }],
];

for (const [what, headers] of OVERSIZED) {
  test(`a manifest that ${what} is cut off (CVE-2020-1702)`, async (t) => {
    const server = await registry(t);
    const body = Buffer.alloc(8 << 20, ' ');
    const match = /manifests/;
    server.faults.add({ match, fault: { kind: 'replace', body, headers } });
    await assert.rejects(source(t, `${server.host}/a/b:v1`).manifest(), {
      code: 'REGISTRY_ANSWER_TOO_LARGE',
    });
  });
}

for (const kind of ['cut', 'stall'] as const) {
  test(`a manifest that breaks off in the middle (${kind}) is asked for again`, async (t) => {
    const server = await registry(t);
    server.content.putImage({ repository: 'a/b', tag: 'v1', layers: LAYERS });
    server.faults.add({ match: /manifests/, times: 2, fault: { kind, afterBytes: 20 } });
    const { manifest } = await source(t, `${server.host}/a/b:v1`).manifest();
    assert.equal(manifest.layers.length, 2);
  });
}

test('a tag that does not exist is an error that names it', async (t) => {
  const server = await registry(t);
  await assert.rejects(source(t, `${server.host}/a/b:nope`).manifest(), {
    code: 'REGISTRY_NOT_FOUND',
    message: new RegExp(`fetch manifest of "${server.host}/a/b:nope"`),
  });
});

test('the current digest of a tag is asked for without fetching the manifest', async (t) => {
  const server = await registry(t);
  const image = server.content.putImage({ repository: 'a/b', tag: 'v1', layers: LAYERS });
  const reference = parseReference(`${server.host}/a/b:v1`);
  assert.equal(await currentDigest(reference, { client: client(t) }), image.manifest.digest);
});

test('all tags are listed, page by page', async (t) => {
  const server = await registry(t, { tagsPerPage: 2 });
  for (const tag of ['a', 'b', 'c', 'd', 'e']) {
    server.content.putImage({ repository: 'a/b', tag, layers: [] });
  }
  const repository = { registry: server.host, repository: 'a/b' };
  assert.deepEqual(await listTags(repository, client(t)), ['a', 'b', 'c', 'd', 'e']);
});

test('a list of tags that links to another place ends there', async (t) => {
  const server = await registry(t);
  const body = Buffer.from('{"tags":["x"]}');
  const headers = { link: '<http://169.254.169.254/v2/>; rel="next"' };
  server.faults.add({ match: /tags/, fault: { kind: 'replace', body, headers } });
  assert.deepEqual(await listTags({ registry: server.host, repository: 'a/b' }, client(t)), ['x']);
});

interface Mirrored {
  readonly origin: RegistryServer;
  readonly mirror: RegistryServer;
  readonly reference: Reference;
  readonly config: RegistriesConfig;
}

async function mirrored(t: TestContext, serves: 'all' | 'digest-only' = 'all'): Promise<Mirrored> {
  const [origin, mirror] = [await registry(t), await registry(t)];
  origin.content.putImage({ repository: 'a/b', tag: 'v1', layers: LAYERS });
  const mirrors = [{ location: `${mirror.host}/copy`, isInsecure: true, serves }];
  const config = configWith({ prefix: 'example.com', location: origin.host, mirrors });
  return { origin, mirror, reference: parseReference('example.com/a/b:v1'), config };
}

test('a mirror that has the image gives all of it', async (t) => {
  const { origin, mirror, reference, config } = await mirrored(t);
  mirror.content.putImage({ repository: 'copy/a/b', tag: 'v1', layers: LAYERS });
  const shared = client(t, { config, creds: 'u:p' });
  const found = registrySource(reference, { client: shared, platform: AMD64 });
  await found.config();
  assert.equal(origin.requests.length, 0);
  assert.ok(mirror.requests.every(({ headers }) => headers.authorization === undefined));
});

test('a mirror that fails is passed over, and told', async (t) => {
  const { reference, config } = await mirrored(t);
  const failed: string[] = [];
  const found = registrySource(reference, {
    client: client(t, { config }),
    platform: AMD64,
    onMirrorFailed: (host) => failed.push(host),
  });
  assert.equal((await found.manifest()).manifest.layers.length, 2);
  assert.equal(failed.length, 1);
});

test('a mirror for digests alone is not asked for tags', async (t) => {
  const { mirror, reference, config } = await mirrored(t, 'digest-only');
  const options = { client: client(t, { config }), platform: AMD64 };
  await registrySource(reference, options).manifest();
  assert.equal(mirror.requests.length, 0);
});

test('a blocked registry is never asked', async (t) => {
  const config = configWith({ prefix: 'example.com', isBlocked: true });
  const reference = parseReference('example.com/a/b');
  assert.throws(() => registrySource(reference, { client: client(t, { config }) }), {
    code: 'REGISTRY_BLOCKED',
  });
});

test('a foreign layer is fetched without credentials (CVE-2020-15157)', async (t) => {
  const foreign = await registry(t, { access: { kind: 'basic', username: 'u', password: 'p' } });
  const server = await registry(t);
  const image = server.content.putImage({ repository: 'a/b', tag: 'v1', layers: LAYERS });
  const found = source(t, `${server.host}/a/b:v1`, { client: client(t, { creds: 'u:p' }) });
  const descriptor = {
    mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    digest: parseDigest(`sha256:${'0'.repeat(64)}`),
    size: image.layers[0]?.size ?? 0,
    urls: [`http://u:p@${foreign.host}/layer`],
  };
  const read = async (): Promise<Buffer> =>
    collect(await found.layer(descriptor, { offset: 0, signal: undefined }));
  await assert.rejects(read(), { code: 'REGISTRY_UNAUTHORIZED' });
  assert.ok(foreign.requests.length > 0);
  assert.ok(foreign.requests.every(({ headers }) => headers.authorization === undefined));
});
