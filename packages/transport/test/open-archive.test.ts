/** Archives of every format give the same image; damaged and hostile ones give a clear error. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { EngineError } from '@berth/errors';
import type { ImageSource } from '@berth/oci';
import { digestOf, formatReference } from '@berth/oci';
import type { ArchiveOptions, ImageArchive } from '../src/open-archive.ts';
import { openArchive } from '../src/open-archive.ts';
import { collect, scratch } from './scripted-registry.ts';
import type { ArchiveFixture, TarPart } from './tar-fixture.ts';
import { fixture, layoutFiles, tar, tarOf, writeFiles } from './tar-fixture.ts';

type Opened = ImageArchive & { readonly scratchDirectory: string };

async function open(
  t: TestContext,
  input: string | Readable,
  options: Partial<ArchiveOptions> = {},
): Promise<Opened> {
  const scratchDirectory = scratch(t);
  const archive = await openArchive(input, { scratchDirectory, ...options });
  t.after(() => archive.close());
  return { ...archive, scratchDirectory };
}

async function contentOf(source: ImageSource | undefined): Promise<string[]> {
  assert.ok(source !== undefined);
  const { manifest } = await source.manifest();
  const found = [digestOf(await source.config())];
  assert.equal(found[0], manifest.config.digest);
  for (const layer of manifest.layers) {
    const bytes = await collect(await source.layer(layer, { offset: 0, signal: undefined }));
    assert.equal(bytes.length, layer.size);
    const end = await collect(await source.layer(layer, { offset: 7, signal: undefined }));
    assert.ok(end.equals(bytes.subarray(7)));
    found.push(digestOf(bytes));
  }
  return found;
}

function named(
  image: ArchiveFixture['image'],
  name: string,
): Parameters<typeof layoutFiles>[1][number] {
  return { ...image.manifest, annotations: { 'org.opencontainers.image.ref.name': name } };
}

function expected({ image }: ArchiveFixture): string[] {
  return [image.config.digest, ...image.layers.map(({ digest }) => digest)];
}

function dockerArchive(
  made: ArchiveFixture,
  change: Record<string, unknown> = {},
): Map<string, Buffer> {
  const config = made.content.blobs.get(made.image.config.digest) ?? Buffer.alloc(0);
  const list = [
    {
      Config: 'config.json',
      RepoTags: ['debian:12', 'quay.io/a/b:v1'],
      Layers: ['1/layer.tar', '2/layer.tar'],
      ...change,
    },
  ];
  return new Map([
    ['1/layer.tar', made.layers[0] ?? Buffer.alloc(0)],
    ['2/layer.tar', made.layers[1] ?? Buffer.alloc(0)],
    ['config.json', config],
    ['manifest.json', Buffer.from(JSON.stringify(list))],
  ]);
}

async function rejects(
  t: TestContext,
  input: Buffer,
  check: { code: string; text?: RegExp },
): Promise<void> {
  await assert.rejects(open(t, Readable.from([input])), (error) => {
    assert.ok(error instanceof EngineError, String(error));
    assert.equal(error.code, check.code);
    assert.match(error.message, check.text ?? /./);
    return true;
  });
}

test('a layout folder gives its image with its full name', async (t) => {
  const made = fixture();
  const folder = scratch(t);
  writeFiles(folder, layoutFiles(made, [named(made.image, 'docker.io/library/x:1')]));
  const archive = await open(t, folder);
  assert.equal(archive.format, 'oci-dir');
  assert.deepEqual(archive.images[0]?.names.map(formatReference), ['docker.io/library/x:1']);
  assert.deepEqual(await contentOf(archive.images[0]?.source), expected(made));
});

for (const compress of ['none', 'gzip', 'zstd', 'xz', 'bzip2'] as const) {
  test(`an oci-archive compressed by ${compress} is read, and leaves nothing`, async (t) => {
    const made = fixture();
    const path = join(scratch(t), 'archive');
    const plain = tarOf(layoutFiles(made, [named(made.image, 'latest')]));
    const bytes =
      compress === 'none'
        ? plain
        : compress === 'gzip'
          ? gzipSync(plain)
          : execFileSync(compress, ['-c'], { input: plain });
    writeFileSync(path, bytes);
    const archive = await open(t, path);
    assert.equal(archive.format, 'oci-archive');
    assert.deepEqual(archive.images[0]?.names, []);
    assert.equal(archive.images[0]?.refName, 'latest');
    assert.deepEqual(await contentOf(archive.images[0]?.source), expected(made));
    assert.deepEqual(readdirSync(archive.scratchDirectory), []);
  });
}

test('a stream is read in pieces of any size', async (t) => {
  const made = fixture();
  const bytes = gzipSync(tarOf(layoutFiles(made, [named(made.image, 'x')])));
  const pieces = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
  const archive = await open(t, Readable.from(pieces));
  assert.deepEqual(await contentOf(archive.images[0]?.source), expected(made));
});

test('an index within the index is followed to the platform', async (t) => {
  const made = fixture();
  const { content, image } = made;
  const arm = content.putImage({
    repository: 'a/b',
    layers: [],
    platform: { os: 'linux', architecture: 'arm64' },
  });
  const index = content.putIndex({ repository: 'a/b' }, [arm.manifest, image.manifest]);
  const files = layoutFiles(made, [
    named({ ...image, manifest: index }, 'x'),
    arm.manifest,
    image.manifest,
  ]);
  const entry = { schemaVersion: 2, manifests: [named({ ...image, manifest: index }, 'x')] };
  files.set('index.json', Buffer.from(JSON.stringify(entry)));
  const archive = await open(t, Readable.from([tarOf(files)]), {
    platform: { os: 'linux', architecture: 'arm64' },
  });
  const found = await archive.images[0]?.source.manifest();
  assert.equal(found?.document.digest, arm.manifest.digest);
  assert.equal(found?.indexDigest, index.digest);
});

test('nameless entries that differ by platform are one image', async (t) => {
  const made = fixture();
  const arm = made.content.putImage({
    repository: 'a/b',
    layers: [],
    platform: { os: 'linux', architecture: 'arm64' },
  });
  const files = layoutFiles(made, [arm.manifest, made.image.manifest]);
  const archive = await open(t, Readable.from([tarOf(files)]), {
    platform: { os: 'linux', architecture: 'amd64' },
  });
  assert.equal(archive.images.length, 1);
  assert.deepEqual(await contentOf(archive.images[0]?.source), expected(made));
});

test('one image is chosen by its name in the layout', async (t) => {
  const made = fixture();
  const other = made.content.putImage({ repository: 'a/b', layers: [] });
  const files = layoutFiles(made, [named(other, 'one'), named(made.image, 'two')]);
  const archive = await open(t, Readable.from([tarOf(files)]), { refName: 'two' });
  assert.deepEqual(
    archive.images.map(({ refName }) => refName),
    ['two'],
  );
  await assert.rejects(
    open(t, Readable.from([tarOf(files)]), { refName: 'three' }),
    /only one, two/,
  );
});

test('a docker-archive gives its images with diff ids as layer digests', async (t) => {
  const made = fixture();
  const archive = await open(t, Readable.from([tarOf(dockerArchive(made))]));
  assert.equal(archive.format, 'docker-archive');
  assert.deepEqual(archive.images[0]?.names.map(formatReference), [
    'docker.io/library/debian:12',
    'quay.io/a/b:v1',
  ]);
  assert.deepEqual(await contentOf(archive.images[0]?.source), [
    made.image.config.digest,
    ...made.image.diffIds,
  ]);
});

test("a layer that is a link to another image's layer is found", async (t) => {
  const made = fixture();
  const files = [...dockerArchive(made)].map(([name, body]): TarPart => ({ name, body }));
  const linked = files.map((part): TarPart =>
    part.name === '2/layer.tar'
      ? { name: '2/layer.tar', type: '2', linkName: '../real/layer.tar' }
      : part,
  );
  const archive = await open(
    t,
    Readable.from([tar([{ name: 'real/layer.tar', body: made.layers[1] ?? '' }, ...linked])]),
  );
  assert.deepEqual(await contentOf(archive.images[0]?.source), [
    made.image.config.digest,
    ...made.image.diffIds,
  ]);
});

test('layers compressed within a docker-archive go by the digest of what is there', async (t) => {
  const made = fixture();
  const files = dockerArchive(made);
  const bytes = gzipSync(made.layers[0] ?? '');
  files.set('1/layer.tar', bytes);
  const archive = await open(t, Readable.from([tarOf(files)]));
  const [, first] = await contentOf(archive.images[0]?.source);
  assert.equal(first, digestOf(bytes));
});

test('a link that leaves the archive is no layer, whatever it points to', async (t) => {
  const made = fixture();
  for (const linkName of ['/etc/passwd', '../../../../etc/passwd', '2/layer.tar', 'layer.tar']) {
    const files = [...dockerArchive(made)].map(([name, body]): TarPart => ({ name, body }));
    const linked = files.map((part): TarPart =>
      part.name === '2/layer.tar' ? { name: '2/layer.tar', type: '2', linkName } : part,
    );
    await rejects(t, tar(linked), { code: 'BAD_ARCHIVE', text: /layer "2\/layer.tar" is missing/ });
  }
});

const HOSTILE: readonly (readonly [string, Buffer, string, RegExp])[] = [
  [
    'a member above the root',
    tar([{ name: '../x', body: 'y' }]),
    'BAD_ARCHIVE',
    /leaves the archive/,
  ],
  ['an absolute member', tar([{ name: '/etc/x', body: 'y' }]), 'BAD_ARCHIVE', /leaves the archive/],
  [
    'a member larger than the archive',
    tar([{ name: 'x', body: 'y', sizeBytes: 99_999 }]),
    'BAD_ARCHIVE',
    /cut off/,
  ],
  [
    'a name of megabytes',
    tar([{ name: 'x', type: 'L', body: Buffer.alloc(2 << 20, 'a') }]),
    'BAD_ARCHIVE',
    /too long/,
  ],
  ['no tar', Buffer.alloc(4096, 'x'), 'BAD_ARCHIVE', /not a tar/],
  ['nothing', Buffer.alloc(0), 'EMPTY_ARCHIVE', /it is empty/],
  [
    'a root file system',
    tar([{ name: 'etc/passwd', body: 'root' }]),
    'NOT_AN_IMAGE_ARCHIVE',
    /neither/,
  ],
  [
    'damaged gzip',
    Buffer.concat([gzipSync('hello').subarray(0, 10), Buffer.alloc(30, 0xff)]),
    'BAD_ARCHIVE',
    /damaged/,
  ],
  ['truncated gzip', gzipSync(Buffer.alloc(100_000)).subarray(0, 40), 'BAD_ARCHIVE', /cut off/],
  [
    'a list that is no list',
    tar([{ name: 'manifest.json', body: '{}' }]),
    'BAD_ARCHIVE',
    /not a list/,
  ],
  [
    'a list that is not JSON',
    tar([{ name: 'manifest.json', body: 'x' }]),
    'BAD_ARCHIVE',
    /not JSON/,
  ],
  [
    'a list without config',
    tar([{ name: 'manifest.json', body: '[{}]' }]),
    'BAD_ARCHIVE',
    /no config/,
  ],
  [
    'a list of 5 MB',
    tar([{ name: 'manifest.json', body: Buffer.alloc(5 << 20, ' ') }]),
    'ARCHIVE_FILE_TOO_LARGE',
    /limit/,
  ],
  [
    'both layers and manifests (CVE-2021-41190)',
    tar([{ name: 'index.json', body: '{"schemaVersion":2,"manifests":[],"layers":[]}' }]),
    'AMBIGUOUS_MANIFEST',
    /both/,
  ],
];

for (const [what, bytes, code, text] of HOSTILE) {
  test(`an archive of ${what} is refused as ${code}`, async (t) => {
    await rejects(t, bytes, { code, text });
  });
}

test('a layout whose manifest has other bytes is refused', async (t) => {
  const made = fixture();
  const files = layoutFiles(made, [named(made.image, 'x')]);
  files.set(
    `blobs/${made.image.manifest.digest.replace(':', '/')}`,
    Buffer.from('{"schemaVersion":2}'),
  );
  const archive = await open(t, Readable.from([tarOf(files)]));
  await assert.rejects(async () => archive.images[0]?.source.manifest(), { code: 'BLOB_DIGEST' });
});

test('a digest that is a path is refused (CVE-2024-3727)', async (t) => {
  const made = fixture();
  const files = layoutFiles(made, []);
  const entry = { ...made.image.manifest, digest: 'sha256:../../../etc/passwd' };
  files.set('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] })));
  await rejects(t, tarOf(files), { code: 'BAD_DIGEST' });
});

test('a bomb ends at the limit and leaves nothing', async (t) => {
  const scratchDirectory = scratch(t);
  const bomb = gzipSync(Buffer.alloc(3_000_000));
  await assert.rejects(
    openArchive(Readable.from([bomb]), { scratchDirectory, maximumBytes: 1_000_000 }),
    { code: 'ARCHIVE_TOO_LARGE' },
  );
  assert.deepEqual(readdirSync(scratchDirectory), []);
});

test('a missing archive is an error that names it', async (t) => {
  await assert.rejects(open(t, '/nonexistent/x.tar'), {
    code: 'NO_ARCHIVE',
    message: 'open archive "/nonexistent/x.tar": no such file',
  });
});

test('archives by skopeo and GNU tar are read', async (t) => {
  const made = fixture();
  const folder = scratch(t);
  writeFiles(join(folder, 'layout'), layoutFiles(made, [named(made.image, 'x')]));
  const copy = (target: string): void => {
    execFileSync(
      'skopeo',
      ['copy', '-q', '--insecure-policy', `oci:${join(folder, 'layout')}:x`, target],
      { stdio: 'pipe' },
    );
  };
  copy(`docker-archive:${join(folder, 'docker.tar')}:example.com/a/b:v1`);
  copy(`oci-archive:${join(folder, 'oci.tar')}:example.com/a/b:v1`);
  execFileSync('tar', [
    '--format=gnu',
    '-C',
    join(folder, 'layout'),
    '-czf',
    join(folder, 'gnu.tgz'),
    '.',
  ]);
  const docker = await open(t, join(folder, 'docker.tar'));
  const [, ...layers] = await contentOf(docker.images[0]?.source);
  assert.deepEqual(layers, made.image.diffIds);
  assert.deepEqual(docker.images[0]?.names.map(formatReference), ['example.com/a/b:v1']);
  const oci = await open(t, join(folder, 'oci.tar'));
  assert.deepEqual(oci.images[0]?.names.map(formatReference), ['example.com/a/b:v1']);
  assert.deepEqual(await contentOf(oci.images[0]?.source), expected(made));
  const gnu = await open(t, join(folder, 'gnu.tgz'));
  assert.deepEqual(await contentOf(gnu.images[0]?.source), expected(made));
  assert.ok(readFileSync(join(folder, 'gnu.tgz')).length > 0);
});

test("a scratch directory that can't be written is named", async (t) => {
  const made = fixture();
  const input = Readable.from([tarOf(dockerArchive(made))]);
  const options = { scratchDirectory: join(scratch(t), 'missing') };
  await assert.rejects(openArchive(input, options), { code: 'ARCHIVE_IO', message: /missing"/ });
});
