/**
 * `berth exec` once more in the same container, with the same flags: the plan of the first one is
 * kept, and nothing may be seen of that but the time.
 */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { BUILD, openLab } from './harness.ts';
import { giveCgroup, missingFreezer } from './own-cgroup.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
  await lab.ok(['run', '-d', '--name', 'box', '-e', 'FROM_RUN=1', image, 'sleep', '1000']);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** What exec keeps for a container. */
async function keptIn(name: string): Promise<string[]> {
  const id = await lab.ok(['inspect', '-f', '{{.Id}}', name]);
  const folder = path.join(lab.runtime, 'berth/containers', id);
  return readdirSync(folder).filter((file) => file.startsWith('exec'))
    .map((file) => path.join(folder, file));
}

test('exec again gives what exec gave, whatever the flags', async () => {
  const shown = 'pwd; id -u; echo $FROM_RUN $HOME $TERM; grep -E "Cap|Sec|NoNew" /proc/self/status';
  const all = [[], ['-i'], ['-u', '5:6'], ['-w', '/bin'], ['--privileged'], ['-t'], ['-it', '-u0']];
  for (const flags of all) {
    const words = ['exec', ...flags, 'box', 'sh', '-c', `${shown}; [ -t 0 ] || cat; exit 7`];
    // A terminal would show what is typed, earlier or later.
    const input = flags.some((flag) => flag.includes('t')) ? '' : 'input\n';
    const first = await lab.berth(words, { input });
    assert.equal(first.status, 7, first.stderr);
    assert.deepEqual(await lab.berth(words, { input }), first, flags.join(' '));
  }
  assert.equal((await keptIn('box')).length, BUILD === 'bun' ? all.length : 0);
});

test('exec again finds the container by its id, and in any letter of the command', async () => {
  const id = await lab.ok(['inspect', '-f', '{{.Id}}', 'box']);
  for (const name of ['box', id, id.slice(0, 12), 'box']) {
    const words = ['a b', '', '-u', 'ü\n'];
    assert.equal(await lab.ok(['exec', name, 'printf', '%s|', ...words]), `${words.join('|')}|`);
  }
});

test('exec again has failures and statuses as before', async () => {
  for (const round of ['first', 'again']) {
    const missing = await lab.berth(['exec', 'box', 'no-such']);
    assert.equal(missing.status, 127, round);
    assert.match(missing.stderr, /^Error: execute "no-such": executable file not found/);
    assert.equal((await lab.berth(['exec', 'box', '/etc/passwd'])).status, 126);
    assert.equal((await lab.berth(['exec', 'box', 'sh', '-c', 'kill -9 $$'])).status, 137);
    assert.match((await lab.berth(['exec', 'box'])).stderr, /the command is missing/);
  }
});

test('what the caller has in the environment is read anew each time', async () => {
  for (const value of ['one', 'two']) {
    const env = { ...lab.environment, MINE: value };
    const words = ['exec', '-e', 'MINE', 'box', 'sh', '-c', 'echo $MINE'];
    assert.equal(await lab.ok(words, { env }), value);
  }
});

test('no more than eight plans are kept, and exec goes on', async () => {
  for (let number = 0; number < 12; number += 1) {
    assert.equal(await lab.ok(['exec', '-u', `${number}:0`, 'box', 'id', '-u']), `${number}`);
  }
  assert.ok((await keptIn('box')).length <= 8);
});

test('a kept plan that is damaged is made anew', async () => {
  await lab.ok(['run', '-d', '--name', 'hurt', image, 'sleep', '1000']);
  await lab.ok(['exec', 'hurt', 'true']);
  for (const file of await keptIn('hurt')) {
    for (const content of ['', 'berth-exec 1\0', 'x'.repeat(300_000)]) {
      writeFileSync(file, content);
      assert.equal(await lab.ok(['exec', 'hurt', 'echo', 'well']), 'well');
    }
  }
});

test('a name that another container has got means that one', async () => {
  await lab.ok(['run', '-d', '--name', 'moved', '-e', 'WHO=old', image, 'sleep', '1000']);
  for (const who of ['old', 'old']) {
    assert.equal(await lab.ok(['exec', 'moved', 'sh', '-c', 'echo $WHO']), who);
  }
  await lab.ok(['rename', 'moved', 'elsewhere']);
  assert.match((await lab.berth(['exec', 'moved', 'true'])).stderr, /no such container/);
  await lab.ok(['run', '-d', '--name', 'moved', '-e', 'WHO=new', image, 'sleep', '1000']);
  for (const [name, who] of [['moved', 'new'], ['elsewhere', 'old'], ['moved', 'new']] as const) {
    assert.equal(await lab.ok(['exec', name, 'sh', '-c', 'echo $WHO']), who);
  }
});

test('a container that ended and started again has no plan of its last run', async () => {
  await lab.ok(['run', '-d', '--name', 'twice', image, 'sleep', '1000']);
  await lab.ok(['exec', 'twice', 'true']);
  const supervisor = Number(await lab.ok(['inspect', '-f', '{{.State.ConmonPid}}', 'twice']));
  process.kill(supervisor, 'SIGKILL');
  await lab.berth(['wait', 'twice']);
  const { status, stderr } = await lab.berth(['exec', 'twice', 'true']);
  assert.equal(status, 255);
  assert.match(stderr, /^Error: exec in container "twice": it is not running: /);
  await lab.ok(['start', 'twice']);
  assert.deepEqual(await keptIn('twice'), []);
  assert.equal(await lab.ok(['exec', 'twice', 'echo', 'up']), 'up');
});

test('nothing is run in a container that is paused', { skip: missingFreezer }, async () => {
  await lab.ok(['run', '-d', '--name', 'still', image, 'sleep', '1000']);
  await giveCgroup(lab, 'still');
  await lab.ok(['exec', 'still', 'true']);
  await lab.ok(['pause', 'still']);
  assert.match((await lab.berth(['exec', 'still', 'true'])).stderr, /"still": it is paused/);
  await lab.ok(['unpause', 'still']);
  await lab.ok(['exec', 'still', 'true']);
});

/** The standard streams, and what ls has opened. */
const OPEN = ['0', '1', '2', '3'];

test('exec again works with closed standard streams, and keeps no descriptor', async () => {
  const berth = lab.command.map((word) => `'${word}'`).join(' ');
  const { stdout } = await lab.inShell(`${berth} exec box echo out <&- 2>&-
    for _ in 1 2; do ${berth} exec box ls /proc/self/fd 7</dev/null 9</dev/null; done`);
  assert.deepEqual(stdout.split(/\s+/).filter((word) => word !== ''), ['out', ...OPEN, ...OPEN]);
});
