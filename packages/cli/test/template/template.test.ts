/** Go templates: what the documentation of text/template and fmt promises, by tables of cases. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '@berth/errors';
import {
  deepEntry,
  entry,
  parseTemplate,
  templateFromFormat,
} from '../../src/template/template.ts';

const VALUE = {
  Name: 'web',
  Count: 3,
  Zero: 0,
  Empty: '',
  Yes: true,
  List: ['a', 'b', 'c'],
  None: [],
  Nil: null,
  Labels: { tier: 'web', 'a.b': 'dotted' },
  Inner: { Deep: { Leaf: 'leaf' } },
  Rows: [
    { N: 1, S: 'one' },
    { N: 2, S: 'two' },
  ],
  At: new Date('2026-01-02T03:04:50Z'),
  Method: (name: unknown) => `<${String(name)}>`,
};

function check(
  title: string,
  cases: readonly (readonly [template: string, text: string])[],
): void {
  test(title, () => {
    for (const [template, text] of cases) {
      assert.equal(parseTemplate(template).render(VALUE), text, template);
    }
  });
}

check('fields, variables and constants', [
  ['plain', 'plain'],
  ['{{.Name}}', 'web'],
  ['{{ .Inner.Deep.Leaf }}', 'leaf'],
  ['{{(.Inner).Deep.Leaf}}', 'leaf'],
  ['{{$.Name}}', 'web'],
  ['{{$x := .Count}}{{$x}}', '3'],
  ['{{$x := 1}}{{$x = 2}}{{$x}}', '2'],
  ['{{"a\\tb"}}{{`c\\t`}}{{1}}{{true}}', 'a\tbc\\t1true'],
  ['{{.Labels.nothing}}', '<no value>'],
  ['{{.Nil}}', '<nil>'],
  ['{{.Method "x"}} {{"y" | .Method}}', '<x> <y>'],
]);

check('blanks beside {{- and -}} go, comments too', [
  ['a  {{- .Name -}}  b', 'awebb'],
  ['a\n{{- /* why */ -}}\nb', 'ab'],
  ['a {{/* why */}} b', 'a  b'],
  ['{{.Count -}} x', '3x'],
  ['{{ -3 }}', '-3'],
]);

check('if, with, range and their else', [
  ['{{if .Yes}}y{{else}}n{{end}}', 'y'],
  ['{{if .Empty}}y{{else if .Count}}c{{else}}n{{end}}', 'c'],
  ['{{if .Zero}}y{{end}}{{if .None}}y{{end}}{{if .Nil}}y{{end}}', ''],
  ['{{with .Inner.Deep}}{{.Leaf}}{{end}}', 'leaf'],
  ['{{with .Empty}}x{{else}}nothing{{end}}', 'nothing'],
  ['{{with $x := .Name}}{{$x}}{{.}}{{end}}', 'webweb'],
  ['{{range .List}}{{.}},{{end}}', 'a,b,c,'],
  ['{{range $i, $e := .List}}{{$i}}{{$e}} {{end}}', '0a 1b 2c '],
  ['{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}', 'a.b=dotted;tier=web;'],
  ['{{range .None}}x{{else}}none{{end}}', 'none'],
  ['{{range .List}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
  ['{{range .List}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}', 'ac'],
  ['{{range .Rows}}{{.N}}{{.S}}{{$.Count}} {{end}}', '1one3 2two3 '],
  ['{{$last := ""}}{{range .List}}{{$last = .}}{{end}}{{$last}}', 'c'],
  ['{{define "T"}}[{{.}}]{{end}}{{template "T" .Name}}', '[web]'],
]);

check('pipelines and functions', [
  ['{{.Name | upper | printf "%s!"}}', 'WEB!'],
  ['{{len .List}} {{len .Name}} {{len .Labels}}', '3 3 2'],
  ['{{index .List 1}} {{index .Labels "a.b"}} {{index .Rows 1 "S"}}', 'b dotted two'],
  ['{{index .Labels "nothing"}}|', '|'],
  ['{{slice .Name 1 2}} {{slice .List 1}}', 'e [b c]'],
  ['{{join .List "-"}} {{split "a,b" ","}}', 'a-b-c [a b]'],
  [
    '{{json .Labels}} {{json .List}} {{json .Nil}}',
    '{"tier":"web","a.b":"dotted"} ["a","b","c"] null',
  ],
  [
    '{{lower "AB"}} {{title "ab cd"}} {{pad "x" 1 2}}| {{truncate "abcdef" 3}}',
    'ab Ab Cd  x  | abc',
  ],
  ['{{print 1 2 "x" 3}}', '1 2x3'],
  ['{{println "a" 1}}', 'a 1\n'],
  ['{{html "<a&\\">"}} {{urlquery "a b&"}}', '&lt;a&amp;&#34;&gt; a+b%26'],
  ['{{and 1 0}} {{and 1 2}} {{or 0 ""}}| {{or 0 3}} {{not 0}}', '0 2 | 3 true'],
  ['{{eq .Count 3}} {{eq .Name "a" "web"}} {{ne 1 2}}', 'true true true'],
  ['{{lt 1 2}} {{le 2 2}} {{gt "b" "a"}} {{ge 1 2}}', 'true true true false'],
]);

check('printf has the verbs of fmt', [
  ['{{printf "%d|%5d|%-5d|%05d|%+d" 7 7 7 7 7}}', '7|    7|7    |00007|+7'],
  ['{{printf "%s|%10s|%-6s|%.2s" "abc" "abc" "abc" "abc"}}', 'abc|       abc|abc   |ab'],
  ['{{printf "%q %v %t" "a\\"b" .List true}}', '"a\\"b" [a b c] true'],
  ['{{printf "%.2f %x %X %o %b %c" 1.5 255 255 8 5 65}}', '1.50 ff FF 10 101 A'],
  ['{{printf "100%%"}}', '100%'],
  ['{{printf "%d" "x"}}', '%!d(string=x)'],
  ['{{printf "%d"}}', '%!d(MISSING)'],
  ['{{printf "%d" 1 2}}', '1%!(EXTRA int=2)'],
]);

check('values look as fmt prints them', [
  ['{{.List}} {{.None}} {{.Labels}}', '[a b c] [] map[a.b:dotted tier:web]'],
  ['{{.At}}', '2026-01-02 03:04:50 +0000 UTC'],
  ['{{json .At}}', '"2026-01-02T03:04:50.000Z"'],
]);

test('what is no template, or misuses one, is an error that says where', () => {
  const bad = [
    '{{',
    '{{.Name',
    '{{end}}',
    '{{if .Yes}}',
    '{{else}}',
    '{{.Name.}}',
    '{{nothing}}',
    '{{$x}}',
    '{{template "none"}}',
    '{{index .List 7}}',
    '{{index .List -1}}',
    '{{slice .Name 2 9}}',
    '{{len .Count}}',
    '{{eq .List 1}}',
    '{{lt 1 "a"}}',
    '{{.Name.Inner}}',
    '{{.Name 1}}',
    '{{"a',
    '{{range .Name}}{{end}}',
    '{{define "T"}}{{template "T"}}{{end}}{{template "T"}}',
    '{{call .Name}}',
  ];
  for (const template of bad) {
    assert.throws(() => parseTemplate(template).render(VALUE), UsageError, template);
  }
});

test('no template reaches what is no data', () => {
  const show = (template: string): string => parseTemplate(template).render({ Name: 'x' });
  assert.equal(show('{{.constructor}}'), '<no value>');
  assert.equal(show('{{.__proto__}}'), '<no value>');
  assert.throws(() => show('{{.Name.length}}'), UsageError);
});

test('an entry knows its fields: others are errors that guess, case does not matter', () => {
  const value = entry({ Id: 'abc', Names: 'web' });
  assert.equal(parseTemplate('{{.ID}} {{.names}}').render(value), 'abc web');
  assert.throws(() => parseTemplate('{{.Nmaes}}').render(value), /did you mean \.Names\?/);
  assert.equal(parseTemplate('{{.}}').render(value), '{abc web}');
});

test('deepEntry() knows fields at every depth, but not the keys of maps', () => {
  const value = deepEntry({ A: { B: [{ C: 1 }] }, Labels: { x: '1' } }, new Set(['Labels']));
  const show = (template: string): string => parseTemplate(template).render(value);
  assert.equal(show('{{(index .A.B 0).c}} {{.Labels.y}}'), '1 <no value>');
  const published = { Ports: { '80/tcp': [{ Ip: '', Port: '8' }], 1: {} } };
  const ports = deepEntry(published, new Set(['Ports']));
  assert.equal(parseTemplate('{{.Ports}}').render(ports), 'map[1:{} 80/tcp:[{ 8}]]');
  assert.throws(() => show('{{(index .A.B 0).D}}'), UsageError);
  assert.throws(() => show('{{.A.X}}'), UsageError);
});

test("on a terminal values can't drive it, but what the user typed can", () => {
  const template = parseTemplate('\u001b[1m{{.A}}\t{{json .B}}', { forTerminal: true });
  assert.equal(template.render({ A: 'x\u001by\n', B: '\u009b' }), '\u001b[1mx\\x1by\n\t"\\x9b"');
});

test('table formats have titles; blanks, \\t and tabs part columns', () => {
  const titles = { ID: 'CONTAINER ID' };
  const cases: [format: string, titles: string[]][] = [
    ['table {{.ID}}\\t{{.Names}}', ['CONTAINER ID', 'NAMES']],
    ['table {{.ID}}\t{{.CreatedAt}}', ['CONTAINER ID', 'CREATED AT']],
    ['table {{.ID}} {{.RunningFor}}', ['CONTAINER ID', 'RUNNING FOR']],
    ['table {{.ID}}:{{.Names}}\t{{len .Names}}', ['CONTAINER ID:NAMES', 'NAMES']],
    ['table {{.constructor}}', ['CONSTRUCTOR']],
    ['{{.ID}}', []],
  ];
  for (const [format, expected] of cases) {
    assert.deepEqual(templateFromFormat(format, titles).titles, expected, format);
  }
  const { template } = templateFromFormat('{{.ID}}\\t{{printf "%s\\n" .ID}}', titles);
  assert.equal(template.render({ ID: 'x' }), 'x\tx\n');
});
