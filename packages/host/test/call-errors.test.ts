/** Which number a failed call is said to have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallErrors } from '../src/call-errors.ts';

const [ENOENT, EFBIG] = [2, 27];

/** A call that gives these answers in turn, and a thread that has these numbers after each. */
function thread(answers: number[], numbers: number[]): { errors: CallErrors; call: () => number } {
  let number = 0;
  const errors = new CallErrors(() => number);
  return {
    errors,
    call: () => {
      number = numbers.shift() ?? number;
      return answers.shift() ?? 0;
    },
  };
}

test("a number that isn't the call's own is read once only", () => {
  const { errors, call } = thread([-1, -1, -1], [ENOENT, EFBIG, EFBIG]);
  assert.equal(errors.noted(call, 4)(), -1);
  assert.equal(errors.last(), EFBIG);
});

test('a call that succeeds is not repeated, nor is one that may be made once only', () => {
  const well = thread([7, 8], []);
  assert.equal(well.errors.noted(well.call, 4)(), 7);
  assert.equal(well.call(), 8);
  const once = thread([-1, 5], [EFBIG]);
  assert.equal(once.errors.noted(once.call, 0)(), -1);
  assert.equal(once.errors.last(), EFBIG);
  assert.equal(once.call(), 5);
});

test('what succeeds the second time has succeeded', () => {
  const { errors, call } = thread([-1, 3], [EFBIG]);
  assert.equal(errors.noted(call, 4)(), 3);
});

test('numbers that never agree end all the same', () => {
  const { errors, call } = thread(Array(9).fill(-1) as number[], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(errors.noted(call, 4)(), -1);
  assert.equal(errors.last(), 5);
});
