/**
 * `berth load`: what is no image, or not the whole of one, is an error, and nothing is left. Files
 * of the web, for `berth import` too.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { archiveOf } from '../lab/images.ts';
import { openLab } from './harness.ts';

const lab = openLab();

test('a refused load leaves neither scratch files nor trash', async () => {
  const name = await lab.image({ name: 'localhost/app:1', layers: [{ file: 'x'.repeat(9000) }] });
  const whole = path.join(lab.folder, 'whole.tar');
  await lab.ok(['save', '-o', whole, name]);
  await lab.ok(['rmi', name]);
  const bytes = readFileSync(whole);
  const cut = path.join(lab.folder, 'cut.tar');
  writeFileSync(cut, bytes);
  truncateSync(cut, bytes.length / 2);
  const damaged = path.join(lab.folder, 'damaged.tar');
  const changed = Buffer.from(bytes);
  changed.fill('y', bytes.indexOf('xxxx'), bytes.indexOf('xxxx') + 4);
  writeFileSync(damaged, changed);
  const junk = path.join(lab.folder, 'junk');
  writeFileSync(junk, Buffer.alloc(4096, 'junk'));
  const folder = path.join(lab.folder, 'folder');
  mkdirSync(folder);
  for (const input of [cut, damaged, junk, folder]) {
    const { status, stderr } = await lab.berth(['load', '-i', input]);
    assert.equal(status, 125, input);
    // Another layer of it may be done before.
    assert.match(stderr, /^Error: /m, input);
    requireNothingLeft(input);
  }
  for (const input of [bytes.subarray(0, bytes.length / 2), Buffer.alloc(4096, 'junk')]) {
    const { status } = await lab.berth(['load'], { input });
    assert.equal(status, 125);
    requireNothingLeft('standard input');
  }
  await lab.ok(['load', '-i', whole]);
  await lab.ok(['rmi', name]);
});

test('what is left after rm -rf of the store does not stand in the way', async () => {
  const wanted = { name: 'localhost/again:1', layers: [{ '/kept/file': 'text' }] };
  const { archive } = archiveOf(wanted, lab.folder);
  await lab.ok(['load', '-i', archive]);
  // Files of other ids remain, and the folders around them: here, all folders do.
  execFileSync('find', [path.join(lab.data, 'v1'), '!', '-type', 'd', '-delete']);
  await lab.ok(['load', '-i', archive]);
  const said = await lab.ok(['run', '--rm', '--network', 'none', wanted.name, 'cat', '/kept/file']);
  assert.equal(said, 'text');
  await lab.ok(['system', 'check']);
  await lab.ok(['rmi', wanted.name]);
});

// Above 4 MiB a thread hashes it, which starts when the worker has left the host's root.
test('a large layer is loaded when it is whole, and refused when a byte differs', async () => {
  const text = 'a line of a large file\n'.repeat(1 << 19);
  const name = await lab.image({ name: 'localhost/large:1', layers: [{ '/large': text }] });
  const whole = path.join(lab.folder, 'large.tar');
  await lab.ok(['save', '-o', whole, name]);
  await lab.ok(['rmi', name]);
  const changed = readFileSync(whole);
  changed.write('A', changed.lastIndexOf('a line of a large file'));
  const damaged = path.join(lab.folder, 'large-damaged.tar');
  writeFileSync(damaged, changed);
  const { status, stderr } = await lab.berth(['load', '-i', damaged]);
  assert.equal(status, 125);
  assert.match(stderr, /sha256:/);
  requireNothingLeft('damaged');
  await lab.ok(['load', '-i', whole]);
  const digest = createHash('sha256').update(text).digest('hex');
  const seen = await lab.ok(['run', '--rm', '--network', 'none', name, 'sha256sum', '/large']);
  assert.equal(seen.trim(), `${digest}  /large`);
  await lab.ok(['rmi', name]);
});

test('what brings nothing is said to be empty, and the hint is a command', async () => {
  const { status, stderr } = await lab.berth(['load'], { input: '' });
  assert.deepEqual([status, stderr], [125, 'Error: load "standard input": it is empty\n']);
  const junk = await lab.berth(['load'], { input: Buffer.alloc(4096) });
  assert.match(junk.stderr, /^hint: berth import - NAME$/m);
});

test('an archive of the web is loaded, when all of it came', async (context) => {
  const { archive, name } = archiveOf({ name: 'localhost/web:1' }, lab.folder);
  const bytes = gzipSync(readFileSync(archive));
  const host = await webServer(context, ({ url }, response) => {
    if (url === '/moved') response.writeHead(302, { location: '/image.tar.gz' }).end();
    else if (url === '/image.tar.gz') response.end(bytes);
    else if (url === '/junk') response.end('no archive');
    else if (url === '/cut') {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
    } else response.writeHead(404).end();
  });
  assert.equal(await lab.ok(['load', '-q', '-i', `http://${host}/moved`]), `Loaded image: ${name}`);
  assert.equal(await lab.ok(['run', '--rm', '--network', 'none', name, 'echo', 'here']), 'here');
  await lab.ok(['rmi', name]);
  for (const [address, reason] of [
    [`http://${host}/none`, /^Error: fetch "http:\/\/[^"]*\/none": .* does not have it$/m],
    [`http://${host}/cut`, /^Error: /m],
    [`http://ann:s3cret@${host}/junk`, /^Error: load "http:\/\/127\.[^"]*\/junk": no image/m],
    ['http://', /^Error: fetch "http:\/\/": it is no web address$/m],
  ] as const) {
    const { status, stderr } = await lab.berth(['load', '-i', address]);
    assert.equal(status, 125, address);
    assert.match(stderr, reason);
    assert.doesNotMatch(stderr, /s3cret/);
    requireNothingLeft(address);
  }
});

test('a password in a web address is sent, and gets into no image', async (context) => {
  const tree = path.join(lab.folder, 'tree.tar');
  execFileSync('tar', ['-C', '/bin', '-cf', tree, 'busybox']);
  const seen: unknown[] = [];
  const host = await webServer(context, ({ headers }, response) => {
    seen.push(headers.authorization);
    response.end(readFileSync(tree));
  });
  await lab.ok(['import', '-q', `http://ann:s3cret@${host}/tree.tar?token=s3cret`, 'tree:1']);
  assert.deepEqual(seen, [`Basic ${Buffer.from('ann:s3cret').toString('base64')}`]);
  const described = await lab.ok(['image', 'inspect', 'tree:1']);
  assert.match(described, new RegExp(`imported from http://${host}/tree.tar"`));
  assert.doesNotMatch(described, /s3cret/);
  await lab.ok(['rmi', 'tree:1']);
  const { status, stderr } = await lab.berth(['import', 'http://', 'tree:1']);
  assert.deepEqual([status, stderr], [125, 'Error: fetch "http://": it is no web address\n']);
});

/** Starts a web server until the end of the test; answers its host and port. */
async function webServer(context: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

function requireNothingLeft(what: string): void {
  for (const part of ['staging', 'trash']) {
    assert.deepEqual(readdirSync(path.join(lab.data, 'v1', part)), [], `${part}, ${what}`);
  }
}
