/** One sentence out of an error and its causes, without secrets and control characters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describe,
  exitStatusOf,
  isSystemCallError,
  redact,
  ConflictError,
  NotFoundError,
  SystemError,
  systemCodeOf,
  errnoName,
  errnoWords,
} from '../src/index.ts';

test('causes follow, from the outside to the inside, and nothing is said twice', () => {
  const inner = new Error('connection refused');
  const middle = new SystemError('X', 'get "https://x/"', { cause: inner });
  assert.equal(
    describe(new NotFoundError('Y', 'pull "x"', { cause: middle })),
    'pull "x": get "https://x/": connection refused',
  );
  assert.equal(describe(new Error('a: b', { cause: new Error('b') })), 'a: b');
  assert.equal(describe('plain'), 'plain');
  const endless = new Error('loop');
  endless.cause = endless;
  assert.equal(describe(endless), 'loop');
});

test("node's own messages give the kernel's reason", () => {
  const cause = Object.assign(new Error("ENOENT: no such file or directory, open '/x'"), {
    code: 'ENOENT',
    syscall: 'open',
    path: '/x',
  });
  assert.equal(
    describe(new SystemError('X', 'read "/x"', { cause })),
    'read "/x": no such file or directory',
  );
});

test('of a quoted object that is longer than any path both ends are shown', () => {
  const path = `${'a/'.repeat(2048)}`;
  assert.equal(new SystemError('X', `read "${path}"`).message, `read "${path}"`);
  const { message } = new SystemError('X', `read "b/${path}end": "short": ${'c'.repeat(5000)} "d"`);
  assert.equal(message.replaceAll('a/', '').replaceAll('c', ''), 'read "b/…/end": "short":  "d"');
  assert.equal(message.length, 5000 + 401 + 'read "": "short":  "d"'.length);
});

test('an error that Node has no name for has one, and the kernel\'s words', () => {
  const cause = Object.assign(
    new Error("Unknown system error -122: Unknown system error -122, mkdir '/x'"),
    { code: 'Unknown system error -122', errno: -122, syscall: 'mkdir', path: '/x' },
  );
  assert.ok(isSystemCallError(cause));
  assert.equal(systemCodeOf(cause), 'EDQUOT');
  assert.equal(describe(cause), 'mkdir "/x": disk quota exceeded');
  const otherForm = Object.assign(new Error('UNKNOWN: unknown error, write'),
    { code: 'UNKNOWN', errno: -122, syscall: 'write' });
  assert.equal(systemCodeOf(otherForm), 'EDQUOT');
  assert.equal(describe(otherForm), 'write: disk quota exceeded');
  assert.equal(systemCodeOf({ code: 'UNKNOWN', errno: -4095 }), 'E4095');
  for (const [errno, name, words] of [
    [-122, 'EDQUOT', 'disk quota exceeded'],
    [117, 'EUCLEAN', 'structure needs cleaning'],
    [2, 'ENOENT', 'no such file or directory'],
    [4095, 'errno 4095', 'errno 4095'],
  ] as const) {
    assert.equal(errnoName(errno), name);
    assert.equal(errnoWords(name), words);
  }
});

test('exit statuses are 125 unless the error says otherwise', () => {
  assert.equal(exitStatusOf(new Error('x')), 125);
  assert.equal(exitStatusOf(new NotFoundError('X', 'x')), 125);
  assert.equal(exitStatusOf(new ConflictError('X', 'x', { exitStatus: 2 })), 2);
});

test('credentials and control characters are not shown', () => {
  const cases: [text: string, shown: string][] = [
    ['get https://ann:secret@x.org/v2', 'get https://***@x.org/v2'],
    ['https://x/?token=abc&y=1', 'https://x/?token=***&y=1'],
    ['Authorization: Bearer abcdefghijkl', 'Authorization: Bearer ***'],
    ['a\u001b[31mred', 'a\\x1b[31mred'],
    ['right\u202eleft', 'right\\x202eleft'],
    ['tab\tand\nhint: line', 'tab\tand\\x0ahint: line'],
  ];
  for (const [text, shown] of cases) assert.equal(redact(text), shown);
  assert.equal(new NotFoundError('X', 'a\u0007b', { hint: 'c\u0007' }).hint, 'c\\x07');
});
