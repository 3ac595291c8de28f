/**
 * `--filter` of lists and prunes, as Podman's manual has it: one table for each command, on the
 * same images, containers and volumes.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
const BASE = 'localhost/shop/base:1';
const TOOL = 'localhost/tool:2';
before(async () => {
  await lab.image({ name: BASE, config: { Env: ['PATH=/bin'], Labels: { app: 'shop' } } });
  await lab.image({ name: TOOL, layers: [{ tool: 'x' }], config: { Env: ['PATH=/bin'] } });
  await lab.ok(['volume', 'create', '--label', 'app=shop', 'first']);
  await lab.ok(['volume', 'create', '-o', 'type=tmpfs', 'second']);
  const labelled = ['--name', 'made', '--label', 'tier=web', '-v', 'first:/data', '-v', '/tmp:/h'];
  await lab.ok(['create', ...labelled, BASE, 'sh']);
  await lab.berth(['run', '--name', 'failed', '--network', 'none', BASE, 'sh', '-c', 'exit 3']);
  await lab.ok(['run', '--name', 'ended', '--label', 'tier=db', TOOL, 'true']);
});

type Cases = readonly (readonly [filters: string, names: string])[];

function flags(filters: string): string[] {
  return filters.split(' ').flatMap((filter) => ['--filter', filter]);
}

/** Names that the list gives for each case, in any order. */
async function check(words: readonly string[], cases: Cases): Promise<void> {
  for (const [filters, names] of cases) {
    const given = await lab.ok([...words, ...flags(filters)]);
    const sorted = (text: string, gap: RegExp): string[] =>
      text.split(gap).filter((name) => name !== '').sort();
    assert.deepEqual(sorted(given, /\n/), sorted(names, / /), `${words.join(' ')} ${filters}`);
  }
}

async function refuses(words: readonly string[], filters: readonly string[]): Promise<void> {
  for (const filter of filters) {
    const { status, stdout, stderr } = await lab.berth([...words, ...flags(filter)]);
    assert.equal(status, 125, `${words.join(' ')} ${filter}`);
    assert.equal(stdout, '', filter);
    assert.match(stderr, /^Error: (filter by|read|find) /, filter);
    assert.doesNotMatch(stderr, /\n +at /, filter);
  }
}

/** No time, or one that no calendar has; given twice. */
const NO_TIMES = [
  'until=nonsense', 'until=', 'until=-5', 'until=2026-13-45', 'until=99999999999999999999',
  'until=99999999999999h', 'until=1h until=2h',
];

test('ps', async () => {
  const all = 'made failed ended';
  await check(['ps', '-a', '--format', '{{.Names}}'], [
    ['name=made', 'made'], ['name=^e', 'ended'], ['name=made name=ended', 'made ended'],
    ['name=d$', 'failed ended'], ['label=tier', 'made ended'], ['label=tier=web', 'made'],
    ['name=d,label=tier', 'made ended'],
    ['label=tier=', 'made ended'], ['label=tier label=tier=db', 'ended'],
    ['label!=tier', 'failed'], ['status=created', 'made'], ['status=exited', 'failed ended'],
    ['status=created status=exited', all], ['status=running', ''], ['exited=3', 'failed'],
    ['exited=0', 'ended'], ['ancestor=shop/base', 'made failed'], [`ancestor=${TOOL}`, 'ended'],
    ['ancestor=none', ''], ['before=failed', 'made'], ['since=failed', 'ended'],
    ['volume=first', 'made'], ['volume=/data', 'made'], ['network=none', 'failed'],
    ['volume=/tmp', 'made'], ['volume=first:/data', 'made'], ['volume=first:/h', ''],
    ['until=1h', ''], ['until=0s', all], ['until=2100-01-01', all], ['until=2000-01-01T00:00', ''],
    ['restart-policy=always', ''], ['label=tier status=exited', 'ended'],
  ]);
  await refuses(['ps', '-a'], [
    ...NO_TIMES, 'bogus=1', 'plain', 'status=bogus', 'exited=x', 'exited=256', 'name=[',
    'before=nobody', 'since=nobody', 'restart-policy=sometimes',
  ]);
});

test('images', async () => {
  const both = `${BASE} ${TOOL}`;
  await check(['images', '--format', '{{.Repository}}:{{.Tag}}'], [
    ['label=app', BASE], ['label=app=shop', BASE], ['label!=app', TOOL], ['reference=tool', TOOL],
    ['reference=localhost/*', both], ['reference=*base*', BASE], ['reference!=tool', BASE],
    ['dangling=false', both], ['dangling=true', ''], ['containers=true', both],
    ['containers=false', ''], ['readonly=true', ''], ['intermediate=true', ''],
    ['manifest=false', both], ['manifest=true', ''], ['until=2100-01-01', both],
    ['until=1990-01-01', ''], ['id=zz', ''],
  ]);
  await refuses(['images'], [
    ...NO_TIMES, 'bogus=1', 'dangling=maybe', 'containers=x', 'since=nothing', 'before=nothing',
  ]);
});

test('volume ls', async () => {
  await check(['volume', 'ls', '-q'], [
    ['name=^f', 'first'], ['name=s', 'first second'], ['label=app', 'first'],
    ['label!=app', 'second'], ['driver=local', 'first second'], ['driver=other', ''],
    ['scope=local', 'first second'], ['opt=type', 'second'], ['opt=type=tmpfs', 'second'],
    ['dangling=true', 'second'], ['dangling=false', 'first'], ['anonymous=true', ''],
    ['since=first', 'second'], ['after=second', ''], ['until=1h', ''], ['until=0s', 'first second'],
  ]);
  await refuses(['volume', 'ls'], [...NO_TIMES, 'bogus=1', 'name=[', 'dangling=x', 'since=none']);
});

test('prunes take what they are told, and nothing at all where a filter is wrong', async () => {
  const bad = [...NO_TIMES, 'bogus=1', 'label'];
  await refuses(['container', 'prune', '-f'], [...bad, 'status=exited', 'name=made']);
  await refuses(['image', 'prune', '-af'], bad);
  await refuses(['volume', 'prune', '-f'], bad);
  const more = ['status=exited', 'dangling=true'];
  await refuses(['system', 'prune', '-af', '--volumes'], [...bad, ...more]);
  const kept: Cases = [['label=none', ''], ['until=1h', '']];
  await check(['container', 'prune', '-f'], kept);
  await check(['image', 'prune', '-af'], [['label=none', ''], ['until=1990-01-01', '']]);
  await check(['volume', 'prune', '-f'], [...kept, ['label=app', ''], ['label!=app', 'second']]);
  const made = await lab.ok(['ps', '-aq', '--no-trunc', '--filter', 'name=made']);
  assert.match(await lab.ok(['system', 'prune', '-f', '--filter', 'label=tier=web']),
    new RegExp(`^Deleted Containers\\n${made}\\nTotal reclaimed space: [\\d.]+k?B$`));
  assert.equal(await lab.ok(['ps', '-a', '--format', '{{.Names}}']), 'failed\nended');
  await lab.ok(['container', 'prune', '-f', '--filter', 'until=0s', '--filter', 'label!=tier']);
  assert.equal(await lab.ok(['ps', '-a', '--format', '{{.Names}}']), 'ended');
  await lab.ok(['system', 'prune', '-af', '--volumes']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
  assert.equal(await lab.ok(['images', '-q']), '');
});
