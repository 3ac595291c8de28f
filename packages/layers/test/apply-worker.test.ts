/** Tests of the worker process: chroot, its one line of JSON, and what needs root's powers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { EngineError, IntegrityError, SystemError } from '@berth/errors';
import { applyRequestLine, parseApplyAnswer } from '../src/index.ts';
import type { LayerResult } from '../src/index.ts';
import { namespaceIsMissing, runInNamespace } from './in-namespace.ts';
import { archive } from '@berth/testing';

const skip = namespaceIsMissing();
/** cap_net_raw=ep, as setcap writes it and as it is read back inside a user namespace. */
const REVISION_2 = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const REVISION_3 = Buffer.from('010000030020000000000000000000000000000000000000', 'hex');

interface Outcome {
  readonly status: number | null;
  readonly answer: () => LayerResult;
  readonly tree: string;
  readonly recipe: string;
}

function withWorker(blob: Buffer, check: (outcome: Outcome) => void, more = {}): void {
  const directory = mkdtempSync(join(tmpdir(), 'berth-worker-'));
  const [tree, recipe] = [join(directory, 'tree'), join(directory, 'recipe')];
  chmodSync(directory, 0o755);
  mkdirSync(tree);
  writeFileSync(join(directory, 'canary'), 'untouched');
  try {
    const line = applyRequestLine({ tree, recipe, ...more });
    const done = runInNamespace('worker-program.ts', [], Buffer.concat([Buffer.from(line), blob]));
    assert.equal(done.stderr, '');
    check({ status: done.status, answer: () => parseApplyAnswer(done.stdout), tree, recipe });
    assert.equal(readFileSync(join(directory, 'canary'), 'utf8'), 'untouched');
  } finally {
    spawnSync('sh', ['-c', 'unshare -r --map-auto rm -rf "$1" || rm -rf "$1"', 'sh', directory], {
      stdio: 'ignore',
    });
  }
}

test('a worker unpacks what stands on its standard input', { skip }, () => {
  withWorker(archive({ name: 'f', body: 'content' }), ({ status, answer, tree, recipe }) => {
    assert.equal(status, 0);
    assert.equal(answer().counts.files, 1);
    assert.equal(readFileSync(join(tree, 'f'), 'utf8'), 'content');
    assert.equal(readFileSync(recipe).toString('latin1', 0, 12), 'berth-recipe');
  });
});

test('file capabilities of both revisions work inside the namespace', { skip }, () => {
  const program = (name: string, value: Buffer) => ({
    name, mode: 0o755, uid: 7, gid: 8, body: 'program',
    pax: [['SCHILY.xattr.security.capability', value]] as const,
  });
  const blob = archive(program('two', REVISION_2), program('three', REVISION_3));
  withWorker(blob, ({ answer, tree }) => {
    assert.equal(answer().counts.skippedAttributes, 0);
    const seen = runInNamespace('read-capability.ts', [join(tree, 'two'), join(tree, 'three')]);
    const expected = REVISION_2.toString('hex');
    assert.deepEqual(JSON.parse(seen.stdout), [expected, expected]);
  });
});

test('owners are those of the archive, and set-id bits outlive them', { skip }, () => {
  const blob = archive({ name: 'f', uid: 33, gid: 42, mode: 0o6755, body: 'x' });
  withWorker(blob, ({ answer, tree }) => {
    answer();
    const { stdout } = runInNamespace('read-capability.ts', ['--owner', join(tree, 'f')]);
    assert.deepEqual(JSON.parse(stdout), ['33:42:6755']);
  });
});

test('an error comes back as the class that it was', { skip }, () => {
  withWorker(archive({ name: '../f' }), ({ status, answer }) => {
    assert.equal(status, 1);
    assert.throws(answer, (error: unknown) => {
      assert(error instanceof IntegrityError);
      assert.equal(error.code, 'BAD_ARCHIVE');
      return true;
    });
  });
  withWorker(archive(), ({ answer }) => assert.throws(answer, { code: 'DIFF_ID_MISMATCH' }), {
    expectedDiffId: `sha256:${'0'.repeat(64)}`,
  });
  withWorker(archive(), ({ answer }) => assert.throws(answer, SystemError), { tree: '/no/such' });
});

test('an id that no map has is named, with its file and a way out', {
  skip: skip || process.getuid?.() === 0,
}, () => {
  for (const kind of ['uid', 'gid']) {
    withWorker(archive({ name: 'etc/f', pax: [[kind, '2000000000']] }), ({ answer }) => {
      assert.throws(answer, {
        code: 'ID_NOT_MAPPED',
        message: `set owner of "etc/f": your ranges of /etc/sub${kind} have no room for ` +
          `${kind} 2000000000`,
        hint: `sudo usermod --add-sub${kind}s 1000000000-3000000000 "$USER"`,
      });
    });
  }
});

test('half a line of a worker is an error of its own', () => {
  for (const line of ['', '{"ok":true,"res']) {
    assert.throws(() => parseApplyAnswer(line), (error: unknown) =>
      error instanceof EngineError && error.code === 'WORKER_LOST');
  }
});
