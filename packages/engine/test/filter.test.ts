/** Filters, times and the life cycle: the pure part of the engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError, UsageError } from '@berth/errors';
import { hasLabel, matcher, parseTime } from '../src/filter.ts';
import {
  isAllowed,
  requireAllowed,
  type ContainerState,
  type Operation,
} from '../src/lifecycle.ts';
import { momentOf, momentOfMs, momentOfText } from '../src/moment.ts';

test('values of one key are alternatives, keys must all hold, labels too', () => {
  type Entry = { name: string; labels: Record<string, string> };
  const predicates = {
    name: (entry: Entry, value: string) => entry.name === value,
    label: (entry: Entry, value: string) => hasLabel(entry.labels, value),
  };
  const accepts = (entry: Entry, ...filters: string[]): boolean =>
    matcher(
      filters.map((text) => {
        const [key = '', value = ''] = text.split(/=(.*)/);
        return { key: key.replace('!', ''), value, negate: key.endsWith('!') };
      }),
      predicates,
    )(entry);
  const entry = { name: 'a', labels: { x: '1', y: '' } };
  assert.ok(accepts(entry));
  assert.ok(accepts(entry, 'name=b', 'name=a'));
  assert.ok(!accepts(entry, 'name=a', 'label=z'));
  assert.ok(accepts(entry, 'label=x=1', 'label=y'));
  assert.ok(!accepts(entry, 'label=x=1', 'label=x=2'));
  assert.ok(accepts(entry, 'label!=z') && !accepts(entry, 'label!=x'));
  assert.ok(accepts(entry, 'label=x='), 'an empty value is any');
  assert.throws(() => accepts(entry, 'bogus=1'), UsageError);
});

test('times: RFC 3339, seconds, and durations before or after now', () => {
  assert.equal(parseTime('2026-01-02T03:04:05Z').getTime(), Date.UTC(2026, 0, 2, 3, 4, 5));
  assert.equal(parseTime('1000.5').getTime(), 1_000_500);
  const near = (time: Date, offsetMs: number): boolean =>
    Math.abs(time.getTime() - Date.now() - offsetMs) < 5000;
  assert.ok(near(parseTime('1h30m'), -5_400_000));
  assert.ok(near(parseTime('-10m'), 600_000));
  assert.ok(near(parseTime('10m', 'ahead'), 600_000));
  assert.ok(near(parseTime('-10m', 'ahead'), -600_000));
  assert.ok(near(parseTime('2d'), -2 * 86_400_000));
  assert.equal(parseTime('2026-01-02').getTime(), new Date(2026, 0, 2).getTime());
  assert.equal(parseTime('2026-01-02T03:04').getTime(), new Date(2026, 0, 2, 3, 4).getTime());
  const odd = ['-5', '2026-13-45', '99999999999999999999', '9999999999999h', 'Jan 2'];
  for (const bad of ['', 'soon', '1x', '1h x', ...odd])
    assert.throws(() => parseTime(bad), UsageError, bad);
});

test('moments keep nanoseconds; what is no time is the zero time', () => {
  const cases: [json: string, moment: Date][] = [
    ['2026-11-26T11:09:49.033156381Z', momentOf('1795691389.033156381')],
    ['2026-11-26T11:09:49.5Z', momentOf('1795691389.500000000')],
    ['2026-11-26T11:09:50Z', momentOf('1795691390.000000000')],
    ['2026-11-26T11:09:49.515Z', momentOfMs(1_795_691_389_515)],
    ['2020-01-01T00:00:00.123456789+02:00', momentOfText('2020-01-01T00:00:00.123456789+02:00')],
    ['0001-01-01T00:00:00Z', momentOf(undefined)],
    ['0001-01-01T00:00:00Z', momentOfText('\u001b[2Jgarbage')],
    ['0001-01-01T00:00:00Z', momentOfText('2020-99-99T00:00:00Z')],
  ];
  for (const [json, moment] of cases) assert.equal(JSON.stringify(moment), JSON.stringify(json));
  assert.equal(momentOf('1795691389.5').getTime(), 1_795_691_389_500);
});

test('the life cycle: what is allowed in which state', () => {
  const allowed: Record<Operation, ContainerState[]> = {
    start: ['created', 'exited', 'unknown'],
    stop: ['created', 'exited', 'unknown', 'running', 'paused', 'stopping'],
    kill: ['running', 'paused'],
    pause: ['running'],
    unpause: ['paused'],
    exec: ['running'],
    attach: ['running'],
    top: ['running'],
    join: ['running'],
    remove: ['created', 'exited', 'unknown'],
    rename: ['created', 'exited', 'unknown', 'running', 'paused'],
  };
  const states: ContainerState[] = [
    'created',
    'running',
    'paused',
    'stopping',
    'exited',
    'unknown',
    'elsewhere',
  ];
  for (const [operation, where] of Object.entries(allowed) as [Operation, ContainerState[]][]) {
    assert.deepEqual(states.filter((state) => isAllowed(operation, state)).sort(), where.sort());
  }
});

test('what is not allowed is told with a way out', () => {
  const subject = (state: ContainerState) => ({ name: 'web', state, host: 'other' });
  assert.throws(
    () => requireAllowed('remove', subject('running')),
    (error: unknown) =>
      error instanceof ConflictError &&
      error.exitStatus === 2 &&
      /berth stop web/.test(error.hint ?? ''),
  );
  assert.throws(() => requireAllowed('exec', subject('exited')), { hint: 'berth start web' });
  assert.throws(() => requireAllowed('start', subject('elsewhere')), /runs elsewhere \(other\)/);
  assert.throws(() => requireAllowed('exec', subject('paused')), { hint: 'berth unpause web' });
  requireAllowed('start', subject('exited'));
});
