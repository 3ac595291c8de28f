/**
 * `berth volume export` and `berth volume import`: what a volume holds, as a tar and back.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { archive, type EntrySpec } from '@berth/testing';
import { missing } from '../lab/probes.ts';
import { execute } from './execute.ts';
import { openLab } from './harness.ts';

const lab = openLab();

function file(name: string): string {
  return path.join(lab.folder, name);
}

/** Puts the entries into the volume by an archive. */
async function put(volume: string, ...entries: readonly EntrySpec[]) {
  writeFileSync(file('in.tar'), archive(...entries));
  return lab.berth(['volume', 'import', volume, file('in.tar')]);
}

async function folderOf(volume: string): Promise<string> {
  return lab.ok(['volume', 'inspect', '-f', '{{.Mountpoint}}', volume]);
}

async function inVolume(volume: string, script: string): Promise<string> {
  return lab.ok(['run', '--rm', '-v', `${volume}:/v`, '-w', '/v', await lab.image(),
    'sh', '-c', script]);
}

test('an exported volume is the same again in another one', async () => {
  const owners = missing.subordinateIds === false ? '7:8' : '0:0';
  await inVolume('old', 'mkdir -m 1770 d; echo hi >d/f; ln d/f d/same; ln -s f d/link; ' +
    `mkfifo -m 600 p; echo w >.wh.d; touch -d @5 .wh.d; chown -h ${owners} d/f d/link d .;` +
    'chmod 4755 d/f; chmod 750 .; echo end');
  const list = 'for f in . * d/* .wh.d; do stat -c "%n %F %u:%g %a %h %s" "$f"; done; cat d/f;' +
    'stat -c %Y .wh.d; readlink d/link';
  const before = await inVolume('old', list);
  assert.match(before, new RegExp(`^\\. directory ${owners} 750`));
  assert.equal(await lab.ok(['volume', 'export', '--output', file('out.tar'), 'old']), '');
  assert.equal(await lab.ok(['volume', 'create', 'new']), 'new');
  assert.equal(await lab.ok(['volume', 'import', 'new', file('out.tar')]), '');
  assert.equal(await inVolume('new', list), before);
  const { stdout } = await execute(['tar', '-tf', file('out.tar')], {});
  assert.deepEqual(stdout.trim().split('\n').sort(),
    ['./', '.wh.d', 'd/', 'd/f', 'd/link', 'd/same', 'p']);
  await lab.ok(['volume', 'rm', 'old', 'new']);
});

test('an import replaces files of the same name, and leaves all others', async () => {
  await inVolume('mixed', 'mkdir -p dir/sub was; echo 1 >dir/old; echo 1 >same; echo 1 >was/x;' +
    'ln same twin; chmod 700 dir; echo 1 >now');
  const { status, stderr } = await put('mixed',
    { name: 'dir/new', body: '2\n', mode: 0o640 }, { name: 'same', body: '2\n' },
    { name: 'was', body: 'a file' }, { name: 'now/', flag: '5', mode: 0o711 },
    { name: 'again', flag: '1', linkName: 'dir/old' });
  assert.equal(status, 0, stderr);
  assert.equal(await inVolume('mixed', 'cat dir/old dir/new same twin was; ' +
    'stat -c "%n %a %h" dir/new dir now again'),
  '1\n2\n2\n1\na filedir/new 640 1\ndir 700 3\nnow 711 2\nagain 644 2');
  await lab.ok(['volume', 'rm', 'mixed']);
});

test('archives come from standard input, compressed or not, while a container runs', async () => {
  await lab.ok(['volume', 'create', 'live']);
  const image = await lab.image();
  await lab.ok(['run', '-d', '--name', 'user', '-v', 'live:/v', image, 'sleep', '1000']);
  mkdirSync(file('tree'));
  for (const [letter, name] of [['z', 'gzip'], ['J', 'xz'], ['', 'plain']] as const) {
    writeFileSync(file(`tree/${name}`), name);
    const words = lab.command.map((word) => `'${word}'`).join(' ');
    const script = `tar -C ${file('tree')} -${letter}c ${name} | ${words} volume import live -`;
    const { status, stderr } = await execute(['sh', '-c', script], { env: lab.environment });
    assert.equal(status, 0, stderr);
  }
  assert.equal(await lab.ok(['exec', 'user', 'sh', '-c', 'cat /v/*']), 'gzipplainxz');
  await lab.ok(['rm', '-f', '-t', '0', 'user']);
  await lab.ok(['volume', 'rm', 'live']);
});

test('CVE-2025-11395: an archive for a volume writes nowhere else, whatever it names', async () => {
  const outside = file('outside');
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'kept'), 'host');
  await inVolume('target', `ln -s ${outside} container; ln -s / root; echo 1 >seen`);
  const up = await put('target', { name: 'ok', body: '1' }, { name: 'x/../../evil', body: 'e' });
  assert.equal(up.status, 125);
  assert.match(up.stderr, /^Error: import into volume "target": entry "x\/\.\.\/\.\.\/evil"/);
  const link = await put('target', { name: 'h', flag: '1', linkName: `root${outside}/kept` });
  assert.equal(link.status, 125);
  assert.match(link.stderr, /hard link/);
  const entries: EntrySpec[] = [
    { name: `${outside}/absolute`, body: 'e' },
    { name: 'own', flag: '2', linkName: outside }, { name: 'own/through-own', body: 'e' },
    { name: 'container/through-container', body: 'e' }, { name: `root${outside}/kept`, body: 'e' },
    { name: 'null', flag: '3' },
    { name: '.wh.seen', body: 'plain' }, { name: '.wh..wh..opq', body: 'plain' },
  ];
  const { status, stderr } = await put('target', ...entries);
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(outside), ['kept']);
  assert.equal(readFileSync(path.join(outside, 'kept'), 'utf8'), 'host');
  assert.ok(!existsSync(file('evil')));
  const folder = await folderOf('target');
  assert.deepEqual(readdirSync(path.join(folder, outside)).sort(),
    ['absolute', 'kept', 'through-container', 'through-own']);
  assert.equal(await inVolume('target', 'cat seen .wh.seen .wh..wh..opq'), '1\nplainplain');
  await lab.ok(['volume', 'rm', 'target']);
});

test("what can't be exported or imported is named", async () => {
  await lab.ok(['volume', 'create', 'v']);
  await lab.ok(['volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', 'memory']);
  const whole = archive({ name: 'first', body: '1' }, { name: 'second', body: 'x'.repeat(2000) });
  writeFileSync(file('cut.tar'), whole.subarray(0, 2500));
  writeFileSync(file('junk'), 'no archive '.repeat(100));
  const cases: [string[], RegExp][] = [
    [['export', 'nobody'], /no such volume/],
    [['import', 'nobody', file('nothing')], /no such volume/],
    [['import', 'v', file('nothing')], /open ".*nothing": no such file/],
    [['import', 'v', lab.folder], /a folder.*\n.*berth volume import v -/],
    [['import', 'v', file('cut.tar')], /import into volume "v": read archive: it ends in the mid/],
    [['import', 'v', file('junk')], /import into volume "v": read archive: /],
    [['export', 'memory'], /in memory/], [['import', 'memory', file('cut.tar')], /in memory/],
    [['import', 'v'], /volume import/], [['export'], /volume export/],
    [['export', '-o', file('no/such/file'), 'v'], /write ".*no\/such\/file"/],
  ];
  for (const [words, reason] of cases) {
    const { status, stdout, stderr } = await lab.berth(['volume', ...words]);
    assert.deepEqual([status, stdout], [125, ''], words.join(' '));
    assert.match(stderr, reason);
  }
  assert.equal(await inVolume('v', 'cat first'), '1');
  const terminal = await lab.terminal(['volume', 'export', 'v']);
  assert.equal(terminal.status, 125);
  assert.match(terminal.stdout, /it is a terminal\s+.*berth volume export -o FILE v/);
  await lab.ok(['volume', 'rm', 'v', 'memory']);
});
