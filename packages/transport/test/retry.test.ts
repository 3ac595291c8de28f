/** Back-off, Retry-After and challenges, as functions of their inputs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransportError } from '@berth/errors';
import { parseChallenges } from '../src/auth-challenge.ts';
import { retryAfterMs, retryDelay } from '../src/retry.ts';

const policy = { attempts: 4, firstDelayMs: 100, longestDelayMs: 250 };

function failure(details: Record<string, unknown>): TransportError {
  return new TransportError('X', 'x', { details });
}

test('waits double up to the longest, with half of each left to chance', () => {
  for (const [attempt, ceilingMs] of [
    [1, 100],
    [2, 200],
    [3, 250],
  ] as const) {
    const delayMs = retryDelay(failure({ temporary: true }), { attempt, policy });
    assert.ok(
      delayMs !== undefined && delayMs >= ceilingMs / 2 && delayMs <= ceilingMs,
      String(delayMs),
    );
  }
});

test('there is no other try for the last attempt, lasting failures and bugs', () => {
  assert.equal(retryDelay(failure({ temporary: true }), { attempt: 4, policy }), undefined);
  assert.equal(retryDelay(failure({ temporary: false }), { attempt: 1, policy }), undefined);
  assert.equal(retryDelay(new Error('x'), { attempt: 1, policy }), undefined);
});

test("the server's own wish is followed up to a minute", () => {
  const asked = (ms: number): number | undefined =>
    retryDelay(failure({ temporary: true, retryAfterMs: ms }), { attempt: 1, policy });
  assert.equal(asked(7_000), 7_000);
  assert.equal(asked(61_000), undefined);
});

test('Retry-After is read as seconds or as a date', () => {
  assert.equal(retryAfterMs('3'), 3000);
  assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:00:10 GMT', 4_000), 6_000);
  assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:00:10 GMT', 40_000), 0);
  assert.equal(retryAfterMs('soon'), undefined);
  assert.equal(retryAfterMs(undefined), undefined);
});

test('challenges are read with quotes, commas and several schemes', () => {
  const header =
    'Bearer realm="https://a.io/t?x=1,2",service="a \\"b\\"", scope=x, Basic realm="y"';
  assert.deepEqual(parseChallenges(header), [
    {
      scheme: 'bearer',
      parameters: { realm: 'https://a.io/t?x=1,2', service: 'a "b"', scope: 'x' },
    },
    { scheme: 'basic', parameters: { realm: 'y' } },
  ]);
  assert.deepEqual(parseChallenges(undefined), []);
  assert.deepEqual(parseChallenges('=,"'), []);
});

test('a challenge of any length is read in no time', () => {
  const startMs = performance.now();
  parseChallenges('a '.repeat(1_000_000));
  parseChallenges('x'.repeat(1_000_000));
  parseChallenges(`Bearer realm="${'\\'.repeat(1_000_000)}`);
  assert.ok(performance.now() - startMs < 500);
});
