/**
 * The table of SECURITY.md: which test is named after which attack. It is made from the titles of
 * the tests, so it names only what is tested.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NOT_HERE } from './not-here.ts';

const FOLDERS = ['test/security', 'test/e2e', 'packages'];
const IDENTIFIER = /\b(CVE-\d{4}-\d{4,}|[a-z]+#\d+)\b/g;
const TITLE = /^\s*test\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gms;
/** Above a test whose title has no room for all its names. */
const ALSO = new RegExp(String.raw`^\s*// Also ((?:CVE-\d{4}-\d{4,}[,. ]*)+)$`
  + String.raw`\s*test\(\s*(['"\x60])((?:\\.|(?!\2).)*)\2`, 'gms');
/** A row of a test that is made from a table. */
const ROW = /^\s*\[?(['"`])(CVE-\d{4}-\d{4,}(?:\\.|(?!\1).)*)\1/gm;
const BEGIN = '<!-- attacks: written by tools/threats -->';
const END = '<!-- end of attacks -->';

interface Attack {
  identifier: string;
  title: string;
  file: string;
}

/** The document with its table as the tests below `root` say. */
export function withTable(document: string, root: string): string {
  const [before, rest = ''] = document.split(BEGIN);
  const after = rest.split(END)[1] ?? '';
  return `${before}${BEGIN}\n\n${table(attacksIn(root))}\n${missingTable()}\n${END}${after}`;
}

function table(attacks: readonly Attack[]): string {
  const rows = attacks.map(({ identifier, title, file }) =>
    `| ${identifier} | ${title} | ${file} |`);
  return ['| attack | test | file |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

/** Reasons by the part of the field that Berth has not. */
function missingTable(): string {
  const rows = NOT_HERE.map(({ what, identifiers }) => `| ${what} | ${identifiers.join(', ')} |`);
  return ['What does not apply, and why:', '', '| why | attacks |', '| --- | --- |', ...rows, '']
    .join('\n');
}

function attacksIn(root: string): Attack[] {
  return FOLDERS.flatMap((folder) => testFiles(root, folder))
    .flatMap((file) => attacksOf(file, readFileSync(join(root, file), 'utf8')))
    .sort((a, b) => a.identifier.localeCompare(b.identifier, 'en', { numeric: true })
      || a.title.localeCompare(b.title));
}

function attacksOf(file: string, source: string): Attack[] {
  const titles = [
    ...[...source.matchAll(TITLE), ...source.matchAll(ROW)].map(([, , written = '']) => written),
    ...[...source.matchAll(ALSO)].map(([, names = '', , written = '']) =>
      `${names.replace('.', '')}: ${written.replace(/^[^:]*\d: /, '')}`),
  ];
  return [...new Set(titles)].flatMap((written) => {
    const title = written.replaceAll("\\'", "'");
    const said = title.replace(/^[^:]*\d: /, '').replaceAll('|', '\\|');
    const identifiers = [...title.matchAll(IDENTIFIER)];
    return identifiers.map(([identifier]) => ({ identifier, title: said, file }));
  });
}

function testFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testFiles(root, path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}
