/** A blob arrives whole, from any offset, through every way in which a registry can break. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { EngineError, IntegrityError, NotFoundError, TransportError } from '@berth/errors';
import type { Descriptor } from '@berth/oci';
import type { Fault, RegistryServer } from '@berth/testing';
import { downloadBlob } from '../src/blob-download.ts';
import type { RegistrySession } from '../src/registry-session.ts';
import { client, collect, noise, registry } from './scripted-registry.ts';

const BYTES = noise(300_000);

interface Setup {
  readonly server: RegistryServer;
  readonly descriptor: Descriptor;
  readonly session: RegistrySession;
  readonly download: (offset?: number) => Promise<Buffer>;
}

async function setUp(t: TestContext, change: Partial<Descriptor> = {}): Promise<Setup> {
  const server = await registry(t);
  const digest = server.content.putBlob(BYTES);
  const descriptor = {
    mediaType: 'application/octet-stream',
    digest,
    size: BYTES.length,
    ...change,
  } as Descriptor;
  const session = client(t).session({ host: server.host, isInsecure: undefined });
  const download = (offset?: number): Promise<Buffer> =>
    collect(downloadBlob({ session, repository: 'some/thing', descriptor, offset }));
  return { server, descriptor, session, download };
}

test('a blob arrives whole', async (t) => {
  const { download } = await setUp(t);
  assert.ok((await download()).equals(BYTES));
});

test('a blob arrives from an offset by one range request', async (t) => {
  const { server, download } = await setUp(t);
  assert.ok((await download(1000)).equals(BYTES.subarray(1000)));
  assert.equal(server.requests.at(-1)?.headers.range, 'bytes=1000-');
});

test('an offset at the end gives nothing', async (t) => {
  const { download } = await setUp(t);
  assert.equal((await download(BYTES.length)).length, 0);
});

const PASSING: readonly (readonly [string, Fault])[] = [
  ['is cut off', { kind: 'cut', afterBytes: 100_000 }],
  ['stalls', { kind: 'stall', afterBytes: 100_000 }],
  ['ends early without an error', { kind: 'short', bytes: 100_000 }],
  ['is dropped before it begins', { kind: 'drop' }],
  ['meets a server in trouble', { kind: 'status', status: 503 }],
  ['meets a limit on requests', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }],
  ['never gets an answer', { kind: 'hang' }],
];

for (const [what, fault] of PASSING) {
  test(`a download that ${what} goes on where it was`, async (t) => {
    const { server, download } = await setUp(t);
    server.faults.add({ match: /blobs/, times: 1, fault });
    assert.ok((await download()).equals(BYTES));
    const [, again] = server.requests.filter(({ path }) => path.includes('blobs'));
    const range = 'afterBytes' in fault || fault.kind === 'short' ? 'bytes=100000-' : undefined;
    assert.equal(again?.headers.range, range);
  });
}

test('a range is asked for on condition that the bytes are the same ones', async (t) => {
  const { server, descriptor, download } = await setUp(t);
  server.faults.add({ match: /blobs/, times: 1, fault: { kind: 'cut', afterBytes: 5 } });
  await download();
  assert.equal(server.requests.at(-1)?.headers['if-range'], `"${descriptor.digest}"`);
});

test('a server without ranges is read again, and the known bytes are skipped', async (t) => {
  const { server, download } = await setUp(t);
  server.faults.add({ match: /blobs/, times: 1, fault: { kind: 'cut', afterBytes: 70_000 } });
  server.faults.add({ match: /blobs/, times: 1, fault: { kind: 'no-range' } });
  assert.ok((await download()).equals(BYTES));
});

test('breaks that follow progress never use up the tries', async (t) => {
  const { server, download } = await setUp(t);
  server.faults.add({ match: /blobs/, times: 12, fault: { kind: 'cut', afterBytes: 20_000 } });
  assert.ok((await download()).equals(BYTES));
});

test('a download without progress is given up after the tries that are allowed', async (t) => {
  const { server, download } = await setUp(t);
  server.faults.add({ match: /blobs/, fault: { kind: 'drop' } });
  await assert.rejects(
    download(),
    (error) => error instanceof TransportError && error.code === 'REGISTRY_CUT_OFF',
  );
  assert.equal(server.requests.filter(({ path }) => path.includes('blobs')).length, 3);
});

test('a slow consumer is no reason to give up', async (t) => {
  const { descriptor, server } = await setUp(t);
  const session = client(t).session({ host: server.host, isInsecure: undefined });
  let total = 0;
  for await (const chunk of downloadBlob({ session, repository: 'a/b', descriptor })) {
    if (total === 0) await new Promise((resolve) => setTimeout(resolve, 900));
    total += chunk.length;
  }
  assert.equal(total, BYTES.length);
  assert.equal(server.requests.filter(({ path }) => path.includes('blobs')).length, 1);
});

const BROKEN: readonly (readonly [string, Fault, string])[] = [
  ['another length than described', { kind: 'replace', body: Buffer.alloc(5) }, 'BLOB_SIZE'],
  [
    'more than described',
    { kind: 'replace', body: Buffer.alloc(400_000), headers: { 'content-length': '400000' } },
    'BLOB_SIZE',
  ],
];

for (const [what, fault, code] of BROKEN) {
  test(`a blob of ${what} is refused without another try`, async (t) => {
    const { server, download } = await setUp(t);
    server.faults.add({ match: /blobs/, fault });
    await assert.rejects(
      download(),
      (error) => error instanceof IntegrityError && error.code === code,
    );
    assert.equal(server.requests.filter(({ path }) => path.includes('blobs')).length, 1);
  });
}

for (const [what, fault] of [
  ['another range than asked for', { kind: 'wrong-range' }],
  ['no range at all', { kind: 'status', status: 416 }],
] as const) {
  test(`of a registry that gives ${what} the whole is read, and the known skipped`, async (t) => {
    const { server, download } = await setUp(t);
    server.faults.add({ match: /blobs/, fault, times: 1 });
    assert((await download(10)).equals(BYTES.subarray(10)));
    const asked = server.requests.filter(({ path }) => path.includes('blobs'));
    assert.deepEqual(asked.map(({ headers }) => headers.range), ['bytes=10-', undefined]);
  });
}

test('a blob that was compressed on the way arrives as it is, after a break too', async (t) => {
  const { server, download } = await setUp(t);
  const encoded = gzipSync(BYTES);
  const headers = { 'content-encoding': 'gzip', 'content-length': String(encoded.length) };
  const fault = { kind: 'replace', body: encoded, headers } as const;
  server.faults.add({ match: /blobs/, times: 1, fault: { kind: 'cut', afterBytes: 1000 } });
  server.faults.add({ match: /blobs/, fault });
  assert((await download()).equals(BYTES));
});

test('a registry that is away for a moment in the middle of a blob is asked again', async (t) => {
  let reaches = 0;
  const refused = new TransportError('REGISTRY_DOWN', 'connect to "x": connection refused');
  const { server, descriptor, session } = await setUp(t);
  server.faults.add({ match: /blobs/, times: 1, fault: { kind: 'cut', afterBytes: 1000 } });
  const restarting: RegistrySession = {
    ...session,
    fetchOnce: (request) =>
      (reaches++ === 1 ? Promise.reject(refused) : session.fetchOnce(request)),
  };
  const request = { session: restarting, repository: 'some/thing', descriptor };
  assert((await collect(downloadBlob(request))).equals(BYTES));
  assert.equal(reaches, 3);
});

test('a missing blob is an error that names registry and digest', async (t) => {
  const { server, descriptor, download } = await setUp(t);
  server.content.blobs.clear();
  await assert.rejects(download(), (error) => {
    assert.ok(error instanceof NotFoundError);
    assert.match(error.message, new RegExp(`${descriptor.digest}.*${server.host}`));
    return true;
  });
});

test('an abort ends a download that waits', async (t) => {
  const server = await registry(t);
  const digest = server.content.putBlob(BYTES);
  server.faults.add({ match: /blobs/, fault: { kind: 'stall', afterBytes: 10 } });
  const abort = new AbortController();
  const session = client(t, { signal: abort.signal, idleTimeoutMs: 60_000 }).session({
    host: server.host,
    isInsecure: undefined,
  });
  const descriptor = { mediaType: 'a/b', digest, size: BYTES.length } as Descriptor;
  setTimeout(() => {
    abort.abort();
  }, 50);
  await assert.rejects(
    collect(downloadBlob({ session, repository: 'a/b', descriptor })),
    (error) =>
      error instanceof Error && !(error instanceof EngineError) && error.name === 'AbortError',
  );
});
