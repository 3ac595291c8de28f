/** A container's lock: one holder, none for what is gone, nobody's where it can't be a file. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { container, scratchStore } from './scratch-store.ts';

const ID = 'a'.repeat(64);

test('tryLock() has one holder at a time', (context) => {
  const store = scratchStore(context);
  store.containers.create(container(ID, { name: 'one' }));
  const lock = store.containers.tryLock(ID);
  assert.equal(typeof lock, 'function');
  assert.equal(store.containers.tryLock(ID), 'held');
  if (typeof lock === 'function') lock();
  const again = store.containers.tryLock(ID);
  assert.equal(typeof again, 'function');
  if (typeof again === 'function') again();
});

test('tryLock() says of a container that went away that it is gone', (context) => {
  const store = scratchStore(context);
  assert.equal(store.containers.tryLock(ID), 'gone');
});

test('a lock that is no file is held by nobody: a damaged container can be removed', (context) => {
  const store = scratchStore(context);
  const { lock } = store.containers.create(container(ID, { name: 'one' }));
  mkdirSync(lock);
  assert.equal(typeof store.containers.tryLock(ID), 'function');
  const other = 'b'.repeat(64);
  const paths = store.containers.create(container(other, { name: 'two' }));
  symlinkSync('/etc/passwd', paths.lock);
  assert.equal(typeof store.containers.tryLock(other), 'function');
});
