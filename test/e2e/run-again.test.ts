/**
 * `berth run` once more with the same flags and image: the first one is kept, and nothing may be
 * seen of that but the time. Whatever it was decided by is looked at again.
 */
import assert from 'node:assert/strict';
import {
  chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync,
  utimesSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUILD, openLab, type BerthOptions } from './harness.ts';

const lab = openLab();
const kept = path.join(lab.runtime, 'berth/kept-runs');
const NONE = ['--network', 'none'];
const RM = ['--rm', ...NONE];
/** Files that have changed in the last 100 ms are not relied on. */
const SETTLED_MS = 150;
const skip = BUILD === 'node' ? 'the fast build alone keeps runs' : false;
let image = '';

before(async () => {
  image = await lab.image();
  await sleep(SETTLED_MS);
});
lab.atEnd(async () => {
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
  rmSync(kept, { recursive: true, force: true });
});

/** The files of runs that are kept. */
function keptFiles(): string[] {
  try {
    return readdirSync(kept).map((name) => path.join(kept, name));
  } catch {
    return [];
  }
}

/** Runs these words for the first time, so that they are kept by the fast build. */
async function keep(
  words: readonly string[],
  { fails = false, ...options }: BerthOptions & { fails?: boolean } = {},
): Promise<string> {
  await sleep(SETTLED_MS);
  rmSync(kept, { recursive: true, force: true });
  const { status, stdout, stderr } = await lab.berth(['run', ...words], options);
  assert.ok(fails || status === 0, stderr);
  const first = stdout.replace(/\n$/, '');
  assert.equal(keptFiles().length, BUILD === 'bun' ? 1 : 0, words.join(' '));
  return first;
}

/** What a container was made of, without what each has of its own. */
async function madeOf(name: string): Promise<Record<string, string>> {
  const shown = await lab.ok(['inspect', '-f', '{{.Id}} {{.Name}}', name]);
  const [id = '', own = ''] = shown.split(' ');
  const folder = path.join(lab.data, 'v1/containers', id);
  const files = ['config.json', 'spec.json', 'plan', 'hosts', 'hostname', 'resolv.conf', 'summary'];
  return Object.fromEntries(files.map((file) => {
    const text = readFileSync(path.join(folder, file), 'latin1')
      .replaceAll(id, 'ID').replaceAll(id.slice(0, 12), 'SHORT').replaceAll(own, 'NAME')
      .replaceAll(Buffer.from(id.slice(0, 12)).toString('hex'), 'HEX')
      .replace(/"createdAtMs":\d+/, '').replace(/created \d+/g, '').replace(/"maker":"[^"]*"/, '')
      .replace(/(trash\/)[^\0]*(,tree)/, '$1$2');
    const mode = statSync(path.join(folder, file)).mode.toString(8);
    return [file, `${mode} ${file === 'summary' ? text.split('run 1')[0] : text}`];
  }));
}

test('run again makes the container that run made', async () => {
  const bound = path.join(lab.folder, 'bound');
  mkdirSync(bound, { mode: 0o755 });
  const odd = ['sh', '-c', 'echo "a\\b" \t\n $0', 'x'.repeat(60)];
  const all: [string[], string[]][] = [
    [['--label', 'a=ü "quoted"', '--annotation', 'b=\n', '-w', '/bin', '-u', '5:6', image], odd],
    [['-v', `${bound}:/bound:ro`, '--tmpfs', '/scratch', '--label', 'x=y', image], ['true']],
    [['--entrypoint', '/bin/sh', '-h', 'box', '--cap-drop', 'all', '--init', image], ['-c', '"']],
    [[image], []],
  ];
  for (const [flags, command] of all) {
    // With -d they stay until they have been looked at.
    const words = [...NONE, '-d', ...flags];
    const other = command.length === 0 ? [] : ['another', 'command'];
    await keep([...words, ...other], { fails: true });
    // So it is decided in any case.
    const decided = await madeOf(await lab.ok(['--', 'run', ...words, ...command]));
    const id = await lab.ok(['run', ...words, ...command]);
    assert.deepEqual(await madeOf(id), decided, words.join(' '));
    await lab.ok(['rm', '-f', '-t', '0', '--all']);
  }
});

test('run again shows the command that it was given', async () => {
  await keep([...NONE, '-d', image, 'sleep', '1000']);
  const words = ['run', ...NONE, '-d', image, 'sh', '-c', 'exec sleep 1001'];
  const id = await lab.ok(words);
  const shown = async (field: string): Promise<string[]> =>
    JSON.parse(await lab.ok(['inspect', '-f', `{{json ${field}}}`, id])) as string[];
  assert.deepEqual(await shown('.Config.CreateCommand'), ['berth', ...words]);
  assert.deepEqual(await shown('.Config.Cmd'), words.slice(-3));
  assert.deepEqual(await shown('.Args'), words.slice(-2));
  assert.match(await lab.ok(['ps', '--no-trunc', '--format', '{{.Command}}']), /sleep 1001/);
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
});

test('run again gives what run gave: output, input, status, and nothing is left', async () => {
  const script = 'pwd; id; hostname | grep -c .; env | sort | grep -v HOSTNAME; cat; exit 7';
  for (const flags of [[], ['-i'], ['-i', '-e', 'A=1'], ['--network', 'host'], ['-u', '7']]) {
    const words = ['run', '--rm', ...flags, image, 'sh', '-c', script];
    const first = await lab.berth(words, { input: 'typed\n' });
    assert.equal(first.status, 7, first.stderr);
    for (const _ of [1, 2]) {
      assert.deepEqual(await lab.berth(words, { input: 'typed\n' }), first, flags.join(' '));
    }
  }
  assert.equal(await lab.ok(['ps', '-aq']), '');
});

test('run again with a terminal, and with other commands of any letters', async () => {
  await keep([...RM, image, 'true']);
  for (const word of ['a b', '', '-u', 'ü\n', '"\\', '\x01I', '\x7f']) {
    assert.equal(await lab.ok(['run', ...RM, image, 'printf', '%s|', word]), `${word}|`);
  }
  for (const round of ['first', 'second', 'third']) {
    const words = ['run', ...RM, '-it', image, 'sh', '-c', 'test -t 0 && echo terminal'];
    assert.match((await lab.terminal(words)).stdout, /terminal/, round);
    assert.match((await lab.berth(words)).stderr, /not a TTY/, round);
  }
});

test('run again has failures and statuses as before', async () => {
  await keep([...RM, image, 'true']);
  for (const round of ['again', 'and again']) {
    const missing = await lab.berth(['run', ...RM, image, 'no-such']);
    assert.equal(missing.status, 127, round);
    assert.match(missing.stderr, /^Error: execute "no-such": executable file not found/);
    assert.equal((await lab.berth(['run', ...RM, image, '/etc/passwd'])).status, 126);
    assert.equal((await lab.berth(['run', ...RM, image, 'sh', '-c', 'exit 42'])).status, 42);
  }
  assert.equal(await lab.ok(['ps', '-aq']), '');
});

test('an image that has got another content, or is gone, is noticed', async () => {
  const words = [...RM, 'localhost/moving:1', 'cat', '/which'];
  const one = await lab.image({ name: 'localhost/one:1', layers: [{ '/which': 'one' }] });
  const two = await lab.image({ name: 'localhost/two:1', layers: [{ '/which': 'two' }] });
  await lab.ok(['tag', one, 'moving:1']);
  assert.equal(await keep(words), 'one');
  assert.equal(await lab.ok(['run', ...words]), 'one');
  await lab.ok(['tag', two, 'moving:1']);
  assert.equal(await lab.ok(['run', ...words]), 'two');
  assert.equal(await lab.ok(['run', ...words]), 'two');
  await lab.ok(['untag', two, 'moving:1']);
  const { status, stderr } = await lab.berth(['run', '--pull', 'never', ...words]);
  assert.equal(status, 125);
  assert.match(stderr, /moving/);
  assert.notEqual((await lab.berth(['run', ...words])).status, 0);
  await lab.ok(['rmi', one, two]);
});

test('a layer that is gone is noticed, and the half-made container with it', async () => {
  const name = await lab.image({ name: 'localhost/hurt:1', layers: [{ '/only': 'here' }] });
  await keep([...RM, name, 'true']);
  const [layer = ''] = (await lab.ok(['inspect', '-f', '{{join .RootFS.Layers "\\n"}}', name]))
    .split('\n').slice(-1);
  const folder = path.join(lab.data, 'v1/layers', layer.replace('sha256:', ''));
  await lab.ok(['unshare', 'mv', folder, `${folder}-aside`]);
  const { status, stderr } = await lab.berth(['run', ...RM, name, 'true']);
  await lab.ok(['unshare', 'mv', `${folder}-aside`, folder]);
  assert.equal(status, 125);
  assert.match(stderr, /layer/);
  assert.equal(await lab.ok(['ps', '-aq']), '');
  await lab.ok(['run', ...RM, name, 'true']);
  await lab.ok(['rmi', name]);
});

test('what the caller has in the environment is looked at each time', async () => {
  const words = [...RM, image, 'sh', '-c', 'echo $http_proxy'];
  const proxy = 'http://proxy.example:3128';
  for (const value of [undefined, proxy, undefined, proxy]) {
    const env = { ...lab.environment, ...(value === undefined ? {} : { http_proxy: value }) };
    assert.equal(await lab.ok(['run', ...words], { env }), value ?? '');
  }
  for (const value of ['one', 'two']) {
    const env = { ...lab.environment, MINE: value };
    const passed = ['run', ...RM, '-e', 'MINE', image, 'sh', '-c', 'echo $MINE'];
    assert.equal(await lab.ok(passed, { env }), value);
  }
});

test('what containers.conf adds to the flags is looked at as they are', async () => {
  const folder = path.join(lab.home, '.config/containers');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'containers.conf'), '[containers]\nenv_host = true\n');
  await sleep(SETTLED_MS);
  for (const value of ['one', 'two', 'three']) {
    const env = { ...lab.environment, MINE: value };
    assert.equal(await lab.ok(['run', ...RM, image, 'sh', '-c', 'echo $MINE'], { env }), value);
  }
  rmSync(folder, { recursive: true });
});

test('no password is kept: neither of a variable nor of a proxy', async () => {
  const words = [...RM, '-e', 'PASSWORD=xyzzy-1', image, 'sh', '-c', 'echo $PASSWORD'];
  const env = { ...lab.environment, https_proxy: 'http://user:xyzzy-2@proxy.example:3128' };
  await keep([...RM, image, 'true']);
  await lab.ok(['run', ...words]);
  await lab.ok(['run', ...RM, '--label', 'a=2', image, 'true'], { env });
  for (const file of keptFiles()) assert.ok(!readFileSync(file).includes('xyzzy'));
});

test('a name that is taken is refused, and one that is free again is given', async () => {
  const words = [...NONE, '-d', '--name', 'only', image, 'sleep', '1000'];
  await keep(words);
  const { status, stderr } = await lab.berth(['run', ...words]);
  assert.equal(status, 125);
  assert.match(stderr, /^Error: name container "only": in use by container [0-9a-f]{12}/);
  assert.equal((await lab.ok(['ps', '-aq'])).split('\n').length, 1);
  await lab.ok(['rm', '-f', '-t', '0', 'only']);
  const id = await lab.ok(['run', ...words]);
  assert.equal(await lab.ok(['inspect', '-f', '{{.Id}}', 'only']), id);
  await lab.ok(['rm', '-f', '-t', '0', 'only']);
});

test('a folder to bind that is gone is told before anything is made', async () => {
  const source = path.join(lab.folder, 'source');
  mkdirSync(source, { mode: 0o755 });
  const words = [...RM, '-v', `${source}:/s`, image, 'ls', '/s'];
  await keep(words);
  writeFileSync(path.join(source, 'new'), '');
  assert.equal(await lab.ok(['run', ...words]), 'new');
  rmSync(source, { recursive: true });
  const { status, stderr } = await lab.berth(['run', ...words]);
  assert.equal(status, 125);
  assert.match(stderr, /source": no such file or directory/);
});

test('files that decide are compared, whatever their times say', { skip }, async () => {
  const driver = path.join(lab.data, 'v1/driver.json');
  const { atime, mtime } = statSync(driver);
  await keep([...RM, image, 'true']);
  copyFileSync(driver, `${driver}.copy`);
  const before = statSync(keptFiles()[0] ?? kept).mtimeMs;
  writeFileSync(driver, readFileSync(`${driver}.copy`));
  utimesSync(driver, atime, mtime);
  rmSync(`${driver}.copy`);
  await sleep(SETTLED_MS);
  await lab.ok(['run', ...RM, image, 'true']);
  const after = statSync(keptFiles()[0] ?? kept).mtimeMs;
  assert.ok(after > before, 'it was decided anew');
});

test('what changes while it is looked at is not relied on', async () => {
  rmSync(kept, { recursive: true, force: true });
  const names = path.join(lab.data, 'v1/images/names');
  const changing = setInterval(() => chmodSync(names, 0o700), 5);
  await lab.ok(['run', ...RM, image, 'true']);
  clearInterval(changing);
  assert.deepEqual(keptFiles(), []);
});

test('a kept run that is damaged, or could be another’s, is made anew', async () => {
  const words = [...RM, image, 'echo', 'well'];
  await keep(words);
  for (const file of keptFiles()) {
    const whole = readFileSync(file);
    for (const content of ['', 'berth-run 1\0', 'x'.repeat(300_000), whole.subarray(0, -9)]) {
      writeFileSync(file, content);
      assert.equal(await lab.ok(['run', ...words]), 'well');
    }
    const foreign = Buffer.from(whole.toString('latin1').replaceAll('none', 'host'), 'latin1');
    writeFileSync(file, foreign);
    chmodSync(file, 0o644);
    assert.equal(await lab.ok(['run', ...words]), 'well');
    rmSync(file);
    writeFileSync(`${file}-target`, foreign, { mode: 0o600 });
    symlinkSync(`${file}-target`, file);
    assert.equal(await lab.ok(['run', ...RM, image, 'ls', '/sys/class/net']), 'lo');
  }
});

test('no more than 64 runs are kept, and run goes on', async () => {
  await keep([...RM, image, 'true']);
  for (let number = 0; number < 70 && BUILD === 'bun'; number += 1) {
    writeFileSync(path.join(kept, `${number}`), '', { mode: 0o600 });
  }
  assert.equal(await lab.ok(['run', ...RM, '--label', 'a=1', image, 'echo', 'well']), 'well');
  assert.ok(keptFiles().length <= 64);
});

test('two stores that share a runtime folder keep apart', async () => {
  await keep([...RM, image, 'true']);
  const env = { ...lab.environment, XDG_DATA_HOME: path.join(lab.folder, 'other') };
  const { status } = await lab.berth(['run', '--pull', 'never', ...RM, image, 'true'], { env });
  assert.equal(status, 125);
  const again = await lab.berth(['run', ...RM, image, 'true'], { env });
  assert.notEqual(again.status, 0);
  await lab.ok(['run', ...RM, image, 'true']);
});

test('ten at once, of one kept run, are ten containers', async () => {
  await keep([...NONE, '-d', image, 'sleep', '1000']);
  const ids = await Promise.all(Array.from({ length: 10 }, async () =>
    lab.ok(['run', ...NONE, '-d', image, 'sleep', '1000'])));
  assert.equal(new Set(ids).size, 10);
  const running = (await lab.ok(['ps', '-q', '--no-trunc'])).split('\n');
  for (const id of ids) assert.ok(running.includes(id));
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
});

test('a umask that locks its owner out is none for run again either', async () => {
  const berth = lab.command.map((word) => `'${word}'`).join(' ');
  await keep([...RM, image, 'true']);
  const [file = kept] = keptFiles();
  const before = statSync(file, { throwIfNoEntry: false })?.ino;
  const { status, stdout } = await lab.inShell(
    `umask 777; ${berth} run ${RM.join(' ')} ${image} echo well`);
  assert.deepEqual({ status, stdout }, { status: 0, stdout: 'well\r\n' });
  assert.equal(statSync(file, { throwIfNoEntry: false })?.ino, before, 'it was decided anew');
  assert.deepEqual(readdirSync(path.join(lab.data, 'v1/staging')), []);
});

test('run again keeps no descriptor, and works with closed standard streams', async () => {
  const berth = lab.command.map((word) => `'${word}'`).join(' ');
  const words = [...RM, image].join(' ');
  await keep([...RM, image, 'true']);
  const { stdout } = await lab.inShell(`${berth} run ${words} echo out <&- 2>&-
    for _ in 1 2; do ${berth} run ${words} ls /proc/self/fd 7</dev/null 9</dev/null; done`);
  const open = ['0', '1', '2', '3'];
  assert.deepEqual(stdout.split(/\s+/).filter((word) => word !== ''), ['out', ...open, ...open]);
});

test('variables of the runtimes reach no container’s network helper or supervisor', async () => {
  const words = [...NONE, '-d', image, 'sleep', '1000'];
  const env = { ...lab.environment, BUN_INSTALL: '/nowhere', NODE_OPTIONS: '--no-warnings' };
  await keep(words, { env });
  const id = await lab.ok(['run', ...words], { env });
  const supervisor = await lab.ok(['inspect', '-f', '{{.State.ConmonPid}}', id]);
  assert.doesNotMatch(readFileSync(`/proc/${supervisor}/environ`, 'latin1'), /BUN_|NODE_OPTIONS/);
});
