/** Blobs on their way to a registry that breaks off, forgets, or finds them too large. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { parseDigest, type Descriptor } from '@berth/oci';
import type { GrowingBlob } from '../src/blob-upload.ts';
import { registrySink, type RegistrySink } from '../src/registry-sink.ts';
import { client, noise } from './scripted-registry.ts';

interface Seen {
  readonly line: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** What a request meets in place of an answer: `takes` bytes are kept before it. */
interface Fault {
  readonly on: RegExp;
  readonly takes?: number;
  readonly status?: number;
  times: number;
}

/** The write side of the distribution-spec, for one upload. */
class UploadServer {
  readonly seen: Seen[] = [];
  readonly faults: Fault[] = [];
  held = Buffer.alloc(0);
  /** Bytes of all bodies so far. */
  arrived = 0;
  finished: Buffer | undefined;
  /** Whether the blob is there before it is sent. */
  hasBlob = false;
  /** Where uploads are sent to; undefined is here. */
  elsewhere: string | undefined;
  readonly #server = http.createServer((request, response) => {
    void this.#serve(request, response);
  });

  async start(t: TestContext): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      this.#server.close();
      this.#server.closeAllConnections();
    });
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  lines(method: string): (string | undefined)[] {
    return this.seen.filter(({ line }) => line.startsWith(method)).map(({ range }) => range);
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const line = `${method} ${url}`;
    if (url !== '/v2/') {
      const { authorization } = headers;
      this.seen.push({ line, range: headers['content-range'], authorization });
    }
    const fault = this.faults.find(({ on, times }) => times > 0 && on.test(line));
    if (fault !== undefined) fault.times -= 1;
    if (fault?.status !== undefined) {
      request.resume();
      response.writeHead(fault.status).end();
      return;
    }
    const body = await this.#take(request, fault?.takes);
    if (body === undefined) return;
    const begin = Number(/^(\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? 0);
    if (body.length > 0 && begin !== this.held.length - body.length) {
      this.held = this.held.subarray(0, this.held.length - body.length);
      response.writeHead(416).end();
      return;
    }
    this.#answer(method, url, response);
  }

  /** Undefined when the connection is dropped after so many bytes. */
  async #take(request: http.IncomingMessage, most = Infinity): Promise<Buffer | undefined> {
    const chunks: Buffer[] = [];
    let missing = most;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        chunks.push(chunk.subarray(0, missing));
        this.arrived += chunk.length;
        missing -= chunk.length;
        if (missing > 0) continue;
        request.socket.destroy();
        break;
      }
    } catch {
      missing = 0;
    }
    const body = Buffer.concat(chunks);
    this.held = Buffer.concat([this.held, body]);
    return missing > 0 ? body : undefined;
  }

  #answer(method: string, url: string, response: http.ServerResponse): void {
    if (method === 'HEAD') {
      response.writeHead(this.hasBlob ? 200 : 404).end();
      return;
    }
    if (method === 'POST') this.held = Buffer.alloc(0);
    if (method === 'PUT') this.finished = this.held;
    const location = method === 'POST' ? `${this.elsewhere ?? ''}/v2/a/blobs/uploads/1` : url;
    const range = `0-${Math.max(0, this.held.length - 1)}`;
    const status = { POST: 202, PATCH: 202, GET: 204, PUT: 201 }[method] ?? 404;
    const isStart = url === '/v2/';
    response.writeHead(isStart ? 200 : status, isStart ? {} : { location, range }).end();
  }
}

interface Patience {
  readonly idleTimeoutMs: number;
  /** Before each quarter of a MiB. */
  readonly pauseMs: number;
}

const PATIENT = { idleTimeoutMs: 60_000, pauseMs: 0 };

interface Sending {
  readonly server: UploadServer;
  readonly bytes: Buffer;
  readonly patience?: Patience;
}

async function send(t: TestContext, sending: Sending): Promise<void> {
  const { server, bytes, patience = PATIENT } = sending;
  const { idleTimeoutMs, pauseMs } = patience;
  const sink = await sinkOf(t, server, idleTimeoutMs);
  await sink.putBlob(descriptorOf(bytes), {
    async *stream() {
      for (let at = 0; at < bytes.length; at += 1 << 18) {
        if (pauseMs > 0) await sleep(pauseMs);
        yield bytes.subarray(at, at + (1 << 18));
      }
    },
  });
}

async function sinkOf(
  t: TestContext,
  server: UploadServer,
  idleTimeoutMs = PATIENT.idleTimeoutMs,
): Promise<RegistrySink> {
  const host = await server.start(t);
  return registrySink({ registry: host, repository: 'a', tag: 'b', digest: undefined }, {
    client: client(t, { idleTimeoutMs, connectTimeoutMs: 60_000 }),
  });
}

function descriptorOf(bytes: Buffer): Descriptor {
  const digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  return { mediaType: '', digest, size: bytes.length };
}

/** A blob that is made while it is followed: its second half when `half` resolves. */
function growing(bytes: Buffer, half: Promise<unknown>): () => GrowingBlob {
  const middle = bytes.length >> 1;
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, middle);
    await half;
    yield bytes.subarray(middle);
  };
  const whole = half.then(() => ({ descriptor: descriptorOf(bytes), content: { stream } }));
  return () => ({ follow: stream, whole });
}

/** Resolves when the server has at least so many bytes; fails after half a minute. */
async function arrival(server: UploadServer, bytes: number): Promise<void> {
  for (let tries = 0; server.arrived < bytes; tries += 1) {
    assert(tries < 3000, `${server.arrived} of ${bytes} bytes have come`);
    await sleep(10);
  }
}

const BLOB = noise(3 << 20);

test('a small blob goes with the request that ends its upload, a larger one before', async (t) => {
  const small = new UploadServer();
  await send(t, { server: small, bytes: BLOB.subarray(0, 1000) });
  assert.deepEqual(small.lines('PATCH'), []);
  assert(small.finished?.equals(BLOB.subarray(0, 1000)));
  const large = new UploadServer();
  await send(t, { server: large, bytes: BLOB });
  assert.deepEqual(large.lines('PATCH'), [undefined]);
  assert(large.finished?.equals(BLOB));
});

test('an upload that breaks off goes on where the registry has got to', async (t) => {
  const server = new UploadServer();
  server.faults.push({ on: /^PATCH/, takes: 1_000_000, times: 1 });
  server.faults.push({ on: /^PATCH/, takes: 1_000_000, times: 1 });
  await send(t, { server, bytes: BLOB });
  const last = BLOB.length - 1;
  assert.deepEqual(server.lines('PATCH'), [undefined, `1000000-${last}`, `2000000-${last}`]);
  assert(server.finished?.equals(BLOB));
});

test('a registry that says 416 is asked where it stands', async (t) => {
  const server = new UploadServer();
  server.faults.push({ on: /^PATCH/, takes: 1_000_000, times: 1 });
  server.faults.push({ on: /^PATCH/, status: 416, times: 1 });
  await send(t, { server, bytes: BLOB });
  assert.equal(server.lines('GET').length, 2);
  assert(server.finished?.equals(BLOB));
});

test('an upload that the registry forgot begins anew', async (t) => {
  const server = new UploadServer();
  server.faults.push({ on: /^PUT/, status: 404, times: 1 });
  await send(t, { server, bytes: BLOB });
  assert.equal(server.lines('POST').length, 2);
  assert(server.finished?.equals(BLOB));
});

test('a registry that refuses is told of, and not asked for ever', async (t) => {
  const server = new UploadServer();
  server.faults.push({ on: /^PATCH/, status: 403, times: 9 });
  await assert.rejects(send(t, { server, bytes: BLOB }), /denies access/);
  assert.equal(server.lines('PATCH').length, 1);
  const forgetful = new UploadServer();
  forgetful.faults.push({ on: /^PATCH/, status: 404, times: 99 });
  await assert.rejects(send(t, { server: forgetful, bytes: BLOB }), /does not have it/);
  assert(forgetful.lines('PATCH').length < 9);
});

test('who finds the whole too large gets pieces', async (t) => {
  const server = new UploadServer();
  server.faults.push({ on: /^PATCH/, status: 413, times: 1 });
  const bytes = Buffer.alloc((32 << 20) + 5, 7);
  await send(t, { server, bytes });
  assert.deepEqual(server.lines('PATCH').slice(1), ['0-33554431', '33554432-33554436']);
  assert(server.finished?.equals(bytes));
});

test('a registry without PATCH gets the whole with the request that ends the upload', async (t) => {
  for (const status of [405, 501]) {
    const server = new UploadServer();
    server.faults.push({ on: /^PATCH/, status, times: 99 });
    await send(t, { server, bytes: BLOB });
    assert.equal(server.lines('PATCH').length, 1);
    assert(server.finished?.equals(BLOB));
    const other = new UploadServer();
    other.faults.push({ on: /^PATCH/, status, times: 99 });
    const sink = await sinkOf(t, other);
    await sink.putGrowing(growing(BLOB, sleep(50)));
    assert(other.finished?.equals(BLOB));
  }
});

test('a slow sender is no reason to give up', async (t) => {
  const server = new UploadServer();
  // In all longer than the server may be silent.
  await send(t, { server, bytes: BLOB, patience: { idleTimeoutMs: 2_000, pauseMs: 250 } });
  assert.equal(server.lines('PATCH').length, 1);
  assert(server.finished?.equals(BLOB));
});

test('a blob is sent while it is made', async (t) => {
  const server = new UploadServer();
  const sink = await sinkOf(t, server);
  // The second half is made only when the first has arrived.
  const { descriptor, wasThere } = await sink.putGrowing(
    growing(BLOB, arrival(server, BLOB.length >> 1)));
  assert.deepEqual([descriptor, wasThere], [descriptorOf(BLOB), false]);
  assert.equal(server.lines('PATCH').length, 1);
  assert(server.finished?.equals(BLOB));
});

test('what breaks off while it is made goes on where the registry has got to', async (t) => {
  const server = new UploadServer();
  server.faults.push({ on: /^PATCH/, takes: 1_000_000, times: 1 });
  const sink = await sinkOf(t, server);
  await sink.putGrowing(growing(BLOB, arrival(server, 1_000_000)));
  assert.deepEqual(server.lines('PATCH'), [undefined, `1000000-${BLOB.length - 1}`]);
  assert(server.finished?.equals(BLOB));
});

for (const status of [400, 411, 413, 500]) {
  test(`a registry that takes no piece of unknown length (${status}) gets the whole`, async (t) => {
    const server = new UploadServer();
    server.faults.push({ on: /^PATCH/, status, times: 1 });
    const sink = await sinkOf(t, server);
    await sink.putGrowing(growing(BLOB, sleep(50)));
    assert.equal(server.lines('PATCH').length, 2);
    assert(server.finished?.equals(BLOB));
  });
}

test('a blob is asked for in three repositories, once, and sent if none gives it', async (t) => {
  const server = new UploadServer();
  const host = await server.start(t);
  const mountFrom = (): string[] => ['a', 'one', 'two', 'three', 'four'];
  const sink = registrySink(
    { registry: host, repository: 'a', tag: 'b', digest: undefined },
    { client: client(t), mountFrom },
  );
  const descriptor = descriptorOf(BLOB);
  assert.equal(await sink.hasBlob(descriptor), false);
  assert.equal(await sink.hasBlob(descriptor), false);
  const asked = server.seen.flatMap(({ line }) => /mount=.*from=(\w+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(asked, ['one', 'two', 'three']);
});

test('a registry without HEAD is sent the blob', async (t) => {
  const server = new UploadServer();
  server.faults.push({ on: /^HEAD/, status: 405, times: 1 });
  assert.equal(await (await sinkOf(t, server)).hasBlob(descriptorOf(BLOB)), false);
});

test('nothing is made for a registry that allows no upload', async (t) => {
  const server = new UploadServer();
  server.faults.push({ on: /^POST/, status: 403, times: 9 });
  const sink = await sinkOf(t, server);
  await assert.rejects(sink.putGrowing(() => assert.fail('made')), /denies access/);
});

test('sending ends when the registry turns out to have the blob', async (t) => {
  const server = new UploadServer();
  server.hasBlob = true;
  const sink = await sinkOf(t, server);
  const make = growing(BLOB, arrival(server, BLOB.length >> 1));
  const never = new Promise(() => undefined);
  const { wasThere } = await sink.putGrowing(() => ({
    ...make(), follow: growing(BLOB, never)().follow,
  }));
  assert.equal(wasThere, true);
  assert.equal(server.finished, undefined);
});

test('when making a blob fails, its upload is not finished', async (t) => {
  const server = new UploadServer();
  const sink = await sinkOf(t, server);
  const full = arrival(server, 1000).then(() => assert.fail('disk full'));
  await assert.rejects(sink.putGrowing(growing(BLOB, full)), /disk full/);
  assert.deepEqual(server.lines('PUT'), []);
});
