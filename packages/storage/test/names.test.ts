/** Names and ids. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '@berth/errors';
import { checkName, randomId, randomName } from '../src/index.ts';
import { ADJECTIVES, SURNAMES } from '../src/name-words.ts';

for (const name of ['a', '0', 'web_1.x-y', 'A'.repeat(200)]) {
  test(`checkName() takes "${name.slice(0, 20)}"`, () => {
    checkName('container', name);
  });
}

for (const name of ['', '.', '..', '-a', '_a', 'a/b', '../x', 'a b', 'a\n', 'é', 'a'.repeat(201)]) {
  test(`checkName() refuses ${JSON.stringify(name.slice(0, 20))}`, () => {
    assert.throws(() => checkName('volume', name), UsageError);
  });
}

test('randomId() gives 64 hex digits whose first 12 are no number', () => {
  for (let i = 0; i < 100; i += 1) {
    assert.match(randomId(), /^(?=.{0,11}[a-f])[0-9a-f]{64}$/);
  }
});

test('every random name is a valid name', () => {
  for (const word of [...ADJECTIVES, ...SURNAMES]) assert.match(word, /^[a-z]+$/);
  assert.equal(new Set(ADJECTIVES).size, ADJECTIVES.length);
  assert.equal(new Set(SURNAMES).size, SURNAMES.length);
  for (let attempts = 0; attempts < 20; attempts += 1) {
    checkName('container', randomName(attempts));
  }
});
