/** References, digests and platforms: strict, since they become paths and URLs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '@berth/errors';
import { searching } from '@berth/testing';
import { digestOf, isDigest, parseDigest } from '../src/digest.ts';
import { formatPlatform, parsePlatform } from '../src/platform.ts';
import { formatReference, parseImageName, parseReference, qualify } from '../src/reference.ts';

const HEX = 'a'.repeat(64);
const DIGEST = `sha256:${HEX}`;

test('names as users type them', () => {
  const cases: [text: string, reference: string][] = [
    ['docker.io/debian', 'docker.io/library/debian:latest'],
    ['index.docker.io/debian:12', 'docker.io/library/debian:12'],
    ['docker.io/ann/app', 'docker.io/ann/app:latest'],
    ['localhost/x', 'localhost/x:latest'],
    ['localhost:5000/x/y:1', 'localhost:5000/x/y:1'],
    ['[::1]:5000/x', '[::1]:5000/x:latest'],
    ['quay.io/a/b/c__d-e.f:T_1', 'quay.io/a/b/c__d-e.f:T_1'],
    [`quay.io/a@${DIGEST}`, `quay.io/a@${DIGEST}`],
    [`quay.io/a:1@${DIGEST}`, `quay.io/a:1@${DIGEST}`],
    ['docker://quay.io/a', 'quay.io/a:latest'],
  ];
  for (const [text, reference] of cases) {
    assert.equal(formatReference(parseReference(text)), reference, text);
  }
  assert.deepEqual(parseImageName('debian:12'), {
    registry: undefined,
    repository: 'debian',
    tag: '12',
    digest: undefined,
  });
});

test('what is no name is refused', () => {
  const bad = [
    '',
    ' ',
    'A',
    'a b',
    '/',
    'a/',
    '/a',
    'a//b',
    '../a',
    'a/../b',
    'quay.io/../../etc/passwd',
    'a:',
    'a:b:c',
    'a:-x',
    `a:${'x'.repeat(129)}`,
    'a'.repeat(256),
    'a@',
    'a@sha256:xyz',
    `a@md5:${HEX}`,
    `a@${DIGEST}@${DIGEST}`,
    'a\0b',
    'a\nb',
    'quay.io:port/a',
    'http://quay.io/a',
    'a?x=1',
    'a#b',
    '-a',
    'a-',
    '_a',
    'user:pass@quay.io/a',
    'a%2f',
    '.a',
    'quay..io/a',
  ];
  for (const text of bad)
    assert.throws(() => parseImageName(text), UsageError, JSON.stringify(text));
});

test('a name survives being written and read', () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?$/);
  const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/), {
    nil: undefined,
  });
  const digest = fc.option(fc.constant(parseDigest(DIGEST)), { nil: undefined });
  const registry = fc.constantFrom(
    'quay.io',
    'localhost',
    'localhost:5000',
    'docker.io',
    '10.0.0.1:80',
  );
  const path = fc.array(component, { minLength: 1, maxLength: 4 });
  const names = fc.record({
    registry,
    repository: path.map((parts) => parts.join('/')),
    tag,
    digest,
  });
  fc.assert(
    fc.property(names, (name) => {
      const made = qualify(name, name.registry);
      assert.deepEqual(parseReference(formatReference(made)), made);
    }),
  );
});

test('no text makes a reference with parts that climb, hide or inject', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      try {
        const { repository, registry = '', tag = '' } = parseImageName(text);
        assert.match(repository, /^[a-z0-9._/-]+$/);
        assert.doesNotMatch(repository, /(^|\/)\.|\/\/|\/$/);
        assert.doesNotMatch(registry + tag, /[\s/@?#%\0]/);
      } catch (error) {
        assert.ok(error instanceof UsageError);
      }
    }),
    searching(2000),
  );
});

test('CVE-2024-3727: a digest is a known algorithm and its hex digits, nothing more', () => {
  const bad = [
    '',
    ':',
    'sha256',
    'sha256:',
    `sha256:${HEX}a`,
    `sha256:${HEX.slice(1)}`,
    `sha256:${HEX}/..`,
    `SHA256:${HEX}`,
    `sha256:${HEX.toUpperCase()}`,
    `sha256:${HEX}\n`,
    `md5:${'a'.repeat(32)}`,
    'sha256:../../../../etc/passwd',
    `__proto__:${HEX}`,
    `constructor:${HEX}`,
    `sha512:${HEX}`,
    ` sha256:${HEX}`,
  ];
  for (const text of bad) {
    assert.equal(isDigest(text), false, text);
    assert.throws(() => parseDigest(text), UsageError, text);
  }
  assert.ok(isDigest(DIGEST) && isDigest(`sha512:${'0'.repeat(128)}`));
  assert.equal(
    digestOf(''),
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  );
});

test('platforms in the names of other systems', () => {
  const cases: [text: string, platform: string][] = [
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm/v7', 'linux/arm/v7'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['arm64', 'linux/arm64'],
    ['Linux/386', 'linux/386'],
  ];
  for (const [text, platform] of cases)
    assert.equal(formatPlatform(parsePlatform(text)), platform, text);
  for (const text of ['', '/', 'a/b/c/d', 'linux/', 'linux/a b', '../x']) {
    assert.throws(() => parsePlatform(text), UsageError, text);
  }
});
