/** Tables, sizes, times and YAML, as they are read by people and by scripts that cut columns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggest } from '../../src/flags/suggest.ts';
import { compactSize, humanAgo, humanSize, humanSpan } from '../../src/output/human.ts';
import { isJson } from '../../src/output/listing.ts';
import { formatTable } from '../../src/output/table.ts';
import { formatYaml } from '../../src/output/yaml.ts';
import { splitCsv } from '../../src/parse/csv.ts';

test('columns are aligned, ten characters at least, and no line ends in blanks', () => {
  assert.equal(
    formatTable([
      ['A', 'B'],
      ['longer than ten', ''],
    ]),
    'A                B\nlonger than ten\n',
  );
  assert.equal(
    formatTable([
      ['A', 'B'],
      ['x', 'y'],
    ]),
    'A           B\nx           y\n',
  );
  assert.equal(formatTable([['äöü', 'B']]), 'äöü         B\n');
  assert.equal(formatTable([]), '');
  assert.equal(formatTable([['\u001b[1mA\u009b\r', 'B\nC']]), '\\x1b[1mA\\x9b\\x0d  B C\n');
});

test('sizes and spans', () => {
  const sizes: [bytes: number, text: string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1234, '1.23 kB'],
    [48_500_000, '48.5 MB'],
    [1_234_567_890, '1.23 GB'],
  ];
  for (const [bytes, text] of sizes) assert.equal(humanSize(bytes), text);
  assert.equal(compactSize(1234), '1.23kB');
  const spans: [seconds: number, text: string][] = [
    [0, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [120, '2 minutes'],
    [3600, 'About an hour'],
    [5399, 'About an hour'],
    [5400, '2 hours'],
    [7200, '2 hours'],
    [86_400, '24 hours'],
    [47.5 * 3600 - 1, '47 hours'],
    [47.5 * 3600, '2 days'],
    [2 * 86_400, '2 days'],
    [14 * 86_400, '2 weeks'],
    [60 * 86_400, '2 months'],
    [730 * 86_400, '2 years'],
  ];
  for (const [seconds, text] of spans) assert.equal(humanSpan(seconds * 1000), text);
  assert.equal(humanAgo(new Date(0), 5000), '5 seconds ago');
});

test('YAML quotes what would mean something else', () => {
  assert.equal(
    formatYaml({ a: 'x', b: { c: [1, 'true', ''] }, d: {}, e: [], f: '1.0', g: 'a: b' }),
    'a: x\nb:\n  c:\n    - 1\n    - "true"\n    - ""\nd: {}\ne: []\nf: "1.0"\ng: "a: b"\n',
  );
  assert.equal(formatYaml({ list: [{ a: 1, b: 2 }] }), 'list:\n  - a: 1\n    b: 2\n');
});

test('which formats ask for json', () => {
  for (const format of ['json', ' json', '{{json .}}', '{{ json . }}', '{{json}}']) {
    assert.ok(isJson(format), format);
  }
  for (const format of [undefined, 'table', '{{json .Names}}', '{{.json}}'])
    assert.ok(!isJson(format));
});

test('values with commas in quotes', () => {
  assert.deepEqual(splitCsv('a,b,'), ['a', 'b', '']);
  assert.deepEqual(splitCsv('a,"b,c","say ""x"""'), ['a', 'b,c', 'say "x"']);
  assert.throws(() => splitCsv('a,"b'));
});

test('a slip finds the word that was meant, and nothing far from it', () => {
  const words = ['network', 'name', 'publish', 'publish-all', 'rm'];
  const cases: [typed: string, meant: string | undefined][] = [
    ['netwrok', 'network'],
    ['nmae', 'name'],
    ['publsh', 'publish'],
    ['netw', 'network'],
    ['mr', 'rm'],
    ['xyzzy', undefined],
    ['', undefined],
  ];
  for (const [typed, meant] of cases) assert.equal(suggest(typed, words), meant, typed);
});
