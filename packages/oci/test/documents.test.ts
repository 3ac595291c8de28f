/** Manifests, indexes and configs from strangers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IntegrityError } from '@berth/errors';
import { searching } from '@berth/testing';
import { parseImageConfig } from '../src/image-config.ts';
import { MAX_MANIFEST_BYTES, parseManifest, parseObject } from '../src/manifest.ts';

const DIGEST = `sha256:${'b'.repeat(64)}`;
const LAYER = {
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: DIGEST,
  size: 7,
};
const MANIFEST = { schemaVersion: 2, config: { ...LAYER, mediaType: 'x' }, layers: [LAYER] };
const INDEX = {
  schemaVersion: 2,
  manifests: [{ ...LAYER, platform: { os: 'linux', architecture: 'arm64' } }],
};
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

const bytes = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));

test('a manifest and an index', () => {
  const manifest = parseManifest(bytes(MANIFEST), OCI_MANIFEST);
  assert.ok(manifest.kind === 'manifest');
  assert.equal(manifest.layers[0]?.digest, DIGEST);
  const index = parseManifest(bytes(INDEX), '');
  assert.ok(index.kind === 'index');
  assert.equal(index.manifests[0]?.platform?.architecture, 'arm64');
});

test('CVE-2021-41190: a document that is both kinds, or contradicts its type, is refused', () => {
  const cases: [document: object, mediaType: string][] = [
    [{ ...MANIFEST, ...INDEX }, ''],
    [MANIFEST, OCI_INDEX],
    [INDEX, OCI_MANIFEST],
    [{ ...MANIFEST, mediaType: OCI_INDEX }, OCI_MANIFEST],
    [{ ...INDEX, mediaType: OCI_MANIFEST }, OCI_INDEX],
    [{ ...INDEX, config: {} }, OCI_INDEX],
  ];
  for (const [document, mediaType] of cases) {
    assert.throws(() => parseManifest(bytes(document), mediaType), IntegrityError);
  }
});

test('impossible descriptors and documents are refused', () => {
  const layer = (change: object): object => ({ ...MANIFEST, layers: [{ ...LAYER, ...change }] });
  const bad: object[] = [
    layer({ digest: 'sha256:../../x' }),
    layer({ digest: undefined }),
    layer({ size: -1 }),
    layer({ size: 1.5 }),
    layer({ size: '7' }),
    layer({ size: 2 ** 60 }),
    { ...MANIFEST, layers: 'x' },
    { ...MANIFEST, layers: [null] },
    { ...MANIFEST, config: undefined },
    { ...MANIFEST, schemaVersion: 1 },
    { ...MANIFEST, layers: Array.from({ length: 1001 }, () => LAYER) },
    { schemaVersion: 2 },
  ];
  for (const document of bad) {
    assert.throws(
      () => parseManifest(bytes(document), ''),
      IntegrityError,
      JSON.stringify(document),
    );
  }
  assert.throws(() => parseObject(Buffer.alloc(MAX_MANIFEST_BYTES + 1, 0x20)), IntegrityError);
  for (const text of ['', '[]', 'null', '1', '{', '"x"']) {
    assert.throws(() => parseObject(Buffer.from(text)), IntegrityError, text);
  }
});

test('CVE-2026-57231: variables without "=" and with stars never reach the environment', () => {
  const Env = ['A=b', 'HOME', 'LC_*', 'LC_*=x', '=x', 'B=c\nd', 'C\n=x', 'D=\0', 7, null];
  const { environment } = parseImageConfig(bytes({ config: { Env } }));
  assert.deepEqual(environment, ['A=b', 'B=c\nd']);
});

test('a config of any shape is read, or refused', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom(
          'config',
          'rootfs',
          'history',
          'created',
          'os',
          'architecture',
          'variant',
        ),
        fc.jsonValue(),
      ),
      (document) => {
        try {
          const config = parseImageConfig(bytes(document));
          assert.ok(Array.isArray(config.environment) && Array.isArray(config.diffIds));
          assert.equal(typeof config.user, 'string');
        } catch (error) {
          assert.ok(error instanceof IntegrityError);
        }
      },
    ),
    searching(500),
  );
  const { diffIds, user } = parseImageConfig(
    bytes({ config: { User: 7 }, rootfs: { diff_ids: [DIGEST] } }),
  );
  assert.deepEqual({ diffIds, user }, { diffIds: [DIGEST], user: '' });
});

/** Values that stand in places where others belong. */
const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>(
  -1, 0.5, 2 ** 60, 'sha256:../../x', DIGEST, OCI_INDEX, OCI_MANIFEST, [], {}, null));
const descriptor = fc.oneof(fc.constant(LAYER), odd, fc.record(
  { mediaType: odd, digest: odd, size: odd, platform: odd, urls: odd, annotations: odd },
  { requiredKeys: [] }).map((part) => ({ ...LAYER, ...part })));

test('a manifest or an index of any shape is read, or refused', () => {
  const list = fc.oneof(fc.array(descriptor, { maxLength: 3 }), odd);
  const document = fc.record({
    schemaVersion: fc.oneof(fc.constant(2), odd), mediaType: odd, config: descriptor, layers: list,
    manifests: list, annotations: odd, subject: odd, artifactType: odd,
  }, { requiredKeys: ['schemaVersion'] });
  const type = fc.constantFrom('', OCI_INDEX, OCI_MANIFEST, 'text/html');
  fc.assert(
    fc.property(document, type, (value, mediaType) => {
      try {
        const read = parseManifest(bytes(value), mediaType);
        const blobs = read.kind === 'manifest' ? [read.config, ...read.layers] : read.manifests;
        for (const { digest, size } of blobs) {
          assert.match(digest, /^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/);
          assert.ok(Number.isSafeInteger(size) && size >= 0);
        }
      } catch (error) {
        assert.ok(error instanceof IntegrityError, String(error));
      }
    }),
    searching(1000),
  );
});
