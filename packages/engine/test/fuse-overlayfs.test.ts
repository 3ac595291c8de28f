/** A program that a store needs may have been uninstalled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnsupportedError } from '@berth/errors';
import { requireFuseOverlayfs } from '../src/containers/fuse-overlayfs.ts';

test('without its program a container is not started, and the way out is named', () => {
  assert.equal(requireFuseOverlayfs('c', (name) => `/opt/bin/${name}`), '/opt/bin/fuse-overlayfs');
  assert.throws(() => requireFuseOverlayfs('c', () => undefined), (error) => {
    assert.ok(error instanceof UnsupportedError);
    assert.match(error.message, /^start container "c": .* fuse-overlayfs, which is not installed/);
    assert.match(error.hint ?? '', /apt-get install fuse-overlayfs/);
    return true;
  });
});
