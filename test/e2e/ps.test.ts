/**
 * `berth ps`: columns, filters, order, formats.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
  const labelled = ['run', '-d', '--name', 'runs', '--label', 'tier=web', '-v', 'kept:/data'];
  await lab.ok([...labelled, '-p', '127.0.0.1::80', image, 'sleep', '1000']);
  await lab.berth(['run', '--name', 'failed', image, 'sh', '-c', 'exit 3']);
  await lab.ok(['create', '--name', 'made', '--label', 'tier=db', image, 'true']);
});
lab.atEnd(async () => {
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
  await lab.ok(['volume', 'rm', 'kept']);
});

test('ps lists what runs, ps -a everything, oldest first', async () => {
  const running = (await lab.ok(['ps'])).split('\n');
  const titles = /^CONTAINER ID\s+IMAGE\s+COMMAND\s+CREATED\s+STATUS\s+PORTS\s+NAMES$/;
  assert.match(running[0] ?? '', titles);
  assert.equal(running.length, 2);
  assert.match(running[1] ?? '', /sleep 1000\s.*\sUp .*127\.0\.0\.1:\d+->80\/tcp\s+runs$/);
  assert.equal(await lab.ok(['ps', '-a', '--format', '{{.Names}}']), 'runs\nfailed\nmade');
  assert.equal(await lab.ok(['ps', '-a', '--sort', 'names', '--format', '{{.Names}}']),
    'failed\nmade\nruns');
  assert.match(await lab.ok(['ps', '-a', '--filter', 'name=failed']), /Exited \(3\)/);
});

test('ps -q, -n, -l, --noheading and --no-trunc', async () => {
  const full = await lab.ok(['ps', '-aq', '--no-trunc']);
  assert.match(full, /^([0-9a-f]{64}\n){2}[0-9a-f]{64}$/);
  assert.equal(await lab.ok(['ps', '-q', '-a']), full.replace(/^(.{12}).*$/gm, '$1'));
  assert.equal(await lab.ok(['ps', '-n', '2', '--format', '{{.Names}}']), 'failed\nmade');
  assert.equal(await lab.ok(['ps', '-l', '--format', '{{.Names}}']), 'made');
  assert.equal(await lab.ok(['ps', '-n', '0', '--format', '{{.Names}}']), 'runs');
  assert.doesNotMatch(await lab.ok(['ps', '--noheading']), /CONTAINER ID/);
});

test('ps --size has a column, --ns the namespaces of what runs', async () => {
  assert.match(await lab.ok(['ps', '-s']), /SIZE\n.*\d+(\.\d+)?k?B \(virtual \d.*B\)$/);
  const [titles = '', row = ''] = (await lab.ok(['ps', '--ns'])).split('\n');
  assert.match(titles, /^CONTAINER ID +NAMES +PID +CGROUPNS +IPC +MNT +NET +PIDNS +USERNS +UTS$/);
  assert.match(row, /^[0-9a-f]{12} +runs( +\d+){8}$/);
});

test('filters choose, and unknown ones are named', async () => {
  const names = async (...filters: string[]): Promise<string> =>
    lab.ok(['ps', '-a', '--format', '{{.Names}}', ...filters.flatMap((f) => ['--filter', f])]);
  const cases: [filters: string[], names: string][] = [
    [['status=exited'], 'failed'],
    [['exited=3'], 'failed'],
    [['label=tier=web'], 'runs'],
    [['label=tier'], 'runs\nmade'],
    [['label!=tier'], 'failed'],
    [['name=^ru'], 'runs'],
    [['status=created', 'status=running'], 'runs\nmade'],
    [['before=failed'], 'runs'],
    [['since=failed'], 'made'],
    [[`ancestor=${image}`], 'runs\nfailed\nmade'],
    [['volume=kept'], 'runs'],
    [['volume=/data'], 'runs'],
    [['until=1h'], ''],
    [['health=healthy'], ''],
  ];
  for (const [filters, expected] of cases) {
    assert.equal(await names(...filters), expected, filters.join(' '));
  }
  for (const bad of ['bogus=1', 'status=bogus', 'name=(', 'plain']) {
    const { status, stderr } = await lab.berth(['ps', '--filter', bad]);
    assert.equal(status, 125, bad);
    assert.match(stderr, /^Error: .*"/, bad);
  }
});

test('json and templates say the same', async () => {
  const entries = JSON.parse(await lab.ok(['ps', '-a', '--format', 'json'])) as {
    Id: string;
    Names: string[];
    State: string;
    ExitCode: number;
    Labels: object;
    Ports: { host_ip: string; container_port: number; protocol: string }[] | null;
  }[];
  assert.deepEqual(entries.map(({ Names }) => Names[0]), ['runs', 'failed', 'made']);
  assert.deepEqual(entries.map(({ State }) => State), ['running', 'exited', 'created']);
  assert.deepEqual(entries.map(({ ExitCode }) => ExitCode), [0, 3, 0]);
  const ports = entries.map(({ Ports }) => Ports?.[0]?.container_port);
  assert.deepEqual(ports, [80, undefined, undefined]);
  const lines = await lab.ok(['ps', '-a', '--no-trunc', '--format', '{{.ID}} {{json .Labels}}']);
  const expected = entries.map(({ Id, Labels }) => `${Id} ${JSON.stringify(Labels)}`);
  assert.equal(lines, expected.join('\n'));
  const table = 'NAMES       STATE\nruns        running';
  assert.equal(await lab.ok(['ps', '--format', 'table {{.Names}}\\t{{.State}}']), table);
  assert.equal(await lab.ok(['ps', '--format', 'table {{.Names}} {{.State}}']), table);
});

test('templates know the fields that scripts ask for', async () => {
  const show = async (format: string): Promise<string> =>
    lab.ok(['ps', '-a', '--filter', 'name=runs', '--format', format]);
  assert.equal(await show('{{.Label "tier"}}|{{.Label "none"}}'), 'web|');
  assert.equal(await show('{{.Labels}} {{.Mounts}} {{.Command}}'),
    'map[tier:web] [/data] sleep 1000');
  assert.match(await show('{{.CreatedAt}}'),
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC$/);
  assert.match(await show('{{.RunningFor}}|{{.Status}}|{{.ImageID}}'),
    / ago\|Up .*\|[0-9a-f]{12}$/);
  assert.equal(await show('{{.Pod}}{{.PodName}}{{.Restarts}} {{.Exited}} {{.AutoRemove}}'),
    '0 false false');
});

test('a template that is none, or asks for what is not there, is an error', async () => {
  const { status, stderr } = await lab.berth(['ps', '-a', '--format', '{{.Nmaes}}']);
  assert.equal(status, 125);
  assert.match(stderr, /Nmaes[\s\S]*Names/);
  assert.equal((await lab.berth(['ps', '--format', '{{.ID'])).status, 125);
});
