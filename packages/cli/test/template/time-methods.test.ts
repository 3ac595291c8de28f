/** Times in templates: Go's methods and layouts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { momentOf } from '@berth/engine/moment';
import { UsageError } from '@berth/errors';
import { parseTemplate } from '../../src/template/template.ts';

const started = momentOf('1136239445.123456000');
const ended = momentOf('1136243105.500000000');
const never = momentOf(undefined);

test('times have the methods of Go', () => {
  const cases: [template: string, expected: string][] = [
    ['{{.started}}', '2006-01-02 22:04:05.123456 +0000 UTC'],
    ['{{.started.Unix}} {{.started.UnixMilli}}', '1136239445 1136239445123'],
    ['{{.started.UnixMicro}} {{.started.UnixNano}}', '1136239445123456 1136239445123456000'],
    ['{{.started.Year}}-{{.started.Month}}-{{.started.Day}}', '2006-January-2'],
    ['{{.started.Hour}}:{{.started.Minute}}:{{.started.Second}}', '22:4:5'],
    ['{{.started.Weekday}} {{.started.YearDay}} {{.started.Nanosecond}}', 'Monday 2 123456000'],
    ['{{.started.IsZero}} {{.never.IsZero}} {{.never.Unix}}', 'false true -62135596800'],
    ['{{.ended.After .started}} {{.ended.Before .started}}', 'true false'],
    ['{{.ended.Equal .ended}} {{.ended.Sub .started}}', 'true 1h1m0.376544s'],
    ['{{(.ended.Sub .started).Seconds}}', '3660.376544'],
    ['{{.started.UTC.Unix}} {{.started.Local.Unix}}', '1136239445 1136239445'],
    ['{{.started.Local.UTC.Format "15:04 MST"}}', '22:04 UTC'],
    ['{{(.started.Sub .started)}} {{.never}}', '0s 0001-01-01 00:00:00 +0000 UTC'],
    ['{{if .started.IsZero}}never{{else}}{{.started.Format "15:04"}}{{end}}', '22:04'],
  ];
  for (const [template, expected] of cases) {
    assert.equal(parseTemplate(template).render({ started, ended, never }), expected, template);
  }
  assert.throws(() => parseTemplate('{{.t.Bogus}}').render({ t: started }), UsageError);
});

test('layouts write the parts of a time', () => {
  const cases: [layout: string, expected: string][] = [
    ['2006-01-02T15:04:05Z07:00', '2006-01-02T22:04:05Z'],
    ['Mon Jan _2 15:04:05 2006', 'Mon Jan  2 22:04:05 2006'],
    ['Monday, 02-Jan-06 15:04:05 MST', 'Monday, 02-Jan-06 22:04:05 UTC'],
    ['3:04PM 1/2/06', '10:04PM 1/2/06'],
    ['15:04:05.000 -0700', '22:04:05.123 +0000'],
    ['15:04:05.999999999 -07:00', '22:04:05.123456 +00:00'],
    ['January 2, 2006; day 002', 'January 2, 2006; day 002'],
    ['', ''],
    ['no parts', 'no parts'],
  ];
  for (const [layout, expected] of cases) {
    const text = parseTemplate(`{{.t.Format "${layout}"}}`).render({ t: started });
    assert.equal(text, expected, layout);
  }
});

test('fields of inspected objects are found under the names of Go', async () => {
  const { deepEntry } = await import('../../src/template/template.ts');
  const value = deepEntry({ History: [{ created_by: 'RUN x', empty_layer: true }] }, new Set());
  const text = '{{range .History}}{{.CreatedBy}} {{.EmptyLayer}}{{end}}';
  assert.equal(parseTemplate(text).render(value), 'RUN x true');
});
