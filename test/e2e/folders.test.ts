/**
 * The folders that variables and flags name: of another login, relative, empty.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { execute } from './execute.ts';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';

before(async () => {
  image = await lab.image();
});

test('what a login with another runtime folder has started is reached', async () => {
  const other = path.join(lab.folder, 'other');
  mkdirSync(other, { mode: 0o700 });
  const words = ['run', '-d', '-i', '--name', 'cron', '--network', 'none', image, 'sh', '-c',
    'echo said; read line; echo "heard $line"; read line; exit 3'];
  await lab.ok(words, { runtime: other });
  assert.equal(await lab.ok(['exec', 'cron', 'echo', 'inside']), 'inside');
  assert.equal(await lab.ok(['exec', 'cron', 'echo', 'again']), 'again');
  const beside = ['run', '--rm', '--pid', 'container:cron', '--network', 'container:cron', image];
  assert.equal(await lab.ok([...beside, 'echo', 'beside']), 'beside');
  const attached = lab.start(['attach', 'cron']);
  attached.child.stdin?.write('word\n');
  await attached.seen(/heard word/);
  attached.child.stdin?.write('end\n');
  assert.equal((await attached.finished).status, 3);
  assert.equal(await lab.ok(['wait', 'cron']), '3');
  assert.equal(await lab.ok(['logs', 'cron']), 'said\nheard word');
  await lab.ok(['start', 'cron']);
  assert.equal(await lab.ok(['exec', 'cron', 'echo', 'here']), 'here');
  await lab.ok(['rm', '-f', '-t', '0', 'cron'], { runtime: other });
  assert.deepEqual(readdirSync(path.join(other, 'berth', 'containers')), []);
});

test('--root and --runroot may be relative', async () => {
  const cwd = path.join(lab.folder, 'project');
  mkdirSync(cwd);
  const flags = ['--root', 'store', '--runroot', 'run'];
  const words = ['run', '-d', '--name', 'near', '--network', 'none', 'host', 'sleep', '100'];
  await lab.ok([...flags, ...words], { cwd });
  const above = ['--root', 'project/store', '--runroot', './project/run'];
  assert.equal(await lab.ok([...above, 'exec', 'near', 'echo', 'hi'], { cwd: lab.folder }), 'hi');
  await lab.ok([...above, 'rm', '-f', '-t', '0', 'near'], { cwd: lab.folder });
  await lab.ok([...flags, 'system', 'reset', '--force'], { cwd });
});

test('a home that got another name has its containers, logs and volumes', async () => {
  const [before, after] = [path.join(lab.folder, 'home-before'), path.join(lab.folder, 'home-now')];
  mkdirSync(before);
  const [old, now] = [{ env: { HOME: before } }, { env: { HOME: after } }];
  await lab.ok(['run', '--name', 'kept', '--network', 'none', '-v', 'vol:/v', 'host', 'sh', '-c',
    'echo line >>/v/file; cat /v/file'], old);
  await lab.ok(['create', '--name', 'mapped', '--network', 'none', '-v', 'vol:/v', 'hello'], old);
  renameSync(before, after);
  assert.equal(await lab.ok(['logs', 'kept'], now), 'line');
  assert.equal(await lab.ok(['start', '-a', 'kept'], now), 'line\nline');
  assert.equal(await lab.ok(['logs', 'kept'], now), 'line\nline\nline');
  const said = await lab.ok(['inspect', '-f',
    '{{.HostConfig.LogConfig.Path}} {{(index .Mounts 0).Source}}', 'kept'], now);
  assert.ok(said.split(' ').every((place) => place.startsWith(`${after}/`)), said);
  await lab.ok(['start', '-a', 'mapped'], now);
  await lab.ok(['system', 'check'], now);
  await lab.ok(['system', 'reset', '--force'], now);
  assert.ok(!existsSync(before));
});

test('variables with relative or empty folders count as unset', async () => {
  const cwd = path.join(lab.folder, 'here');
  mkdirSync(cwd);
  const root = ['--format', '{{.store.graphRoot}}'];
  for (const value of ['relative', '.', '']) {
    const env = {
      XDG_DATA_HOME: value, XDG_CONFIG_HOME: value, XDG_CACHE_HOME: value, XDG_RUNTIME_DIR: value,
    };
    assert.equal(await lab.ok(['info', ...root], { cwd, env }), path.join(lab.data, 'v1'));
    const home = { HOME: value, XDG_DATA_HOME: undefined };
    const unset = { HOME: undefined, XDG_DATA_HOME: undefined };
    assert.equal(await lab.ok(['info', ...root], { cwd, env: home }),
      await lab.ok(['info', ...root], { cwd, env: unset }));
  }
  assert.deepEqual(readdirSync(cwd), []);
  assert.ok(!existsSync(path.join(cwd, 'relative')));
});

test('a umask that takes the owner\'s own rights away locks nothing', async () => {
  const command = lab.command.map((word) => `'${word}'`).join(' ');
  const script = `umask 0777; ${command} run --rm --network none -v kept:/kept ${image} `
    + `sh -c 'umask; echo fine' && ${command} save -q -o saved.tar ${image}; ${command} ps -a`;
  const { status, stdout } = await execute(['sh', '-c', script], {
    env: lab.environment, cwd: lab.home,
  });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^0022\nfine\n/);
  assert.equal(statSync(path.join(lab.home, 'saved.tar')).mode & 0o777, 0o600);
});

test('a pipe that nobody reads in the place of a pid file holds nothing up', async () => {
  const pipe = path.join(lab.folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const flag of ['--pidfile', '--conmon-pidfile']) {
    const words = ['run', '--rm', '--network', 'none', flag, pipe, image, 'echo', 'fine'];
    assert.equal(await lab.ok(words), 'fine', flag);
  }
});
