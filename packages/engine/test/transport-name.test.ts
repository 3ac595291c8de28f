/** What the word before the first colon of an image's name means. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnsupportedError, UsageError } from '@berth/errors';
import { parseTransportName } from '../src/images/transport-name.ts';

test('a word that is no transport is the name of a repository', () => {
  for (const name of ['debian', 'debian:12', 'constructor:1', 'toString:1', '__proto__:1']) {
    assert.deepEqual(parseTransportName(name), { transport: 'docker', name });
  }
  const name = 'example.org/app:1';
  assert.deepEqual(parseTransportName(`docker://${name}`), { transport: 'docker', name });
});

test('a transport needs a path, and one of other tools names them', () => {
  assert.deepEqual(parseTransportName('oci:/a:b'), {
    transport: 'oci', path: '/a', reference: 'b',
  });
  assert.throws(() => parseTransportName('oci:'), UsageError);
  assert.throws(() => parseTransportName('docker-daemon:x'), UnsupportedError);
});
