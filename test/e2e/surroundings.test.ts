/**
 * Where the program lies and what surrounds it changes nothing: moved, linked to, read-only, in
 * folders that cry for quotes, without HOME, with the variables that runtimes listen to.
 */
import assert from 'node:assert/strict';
import {
  chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { BUILD, openLab } from './harness.ts';
import { execute, type Result } from './execute.ts';

const lab = openLab();
const PROGRAM = lab.command.at(-1) ?? '';
const PRINTS = ['echo', 'fine'];
let image = '';

before(async () => {
  image = await lab.image();
});

/** A folder with the program and its helper, as `cp -r dist` makes it. */
function copyOf(...words: string[]): string {
  const folder = path.join(lab.folder, ...words);
  mkdirSync(folder, { recursive: true });
  for (const name of [path.basename(PROGRAM), 'berth-native', 'koffi.node']) {
    const source = path.join(path.dirname(PROGRAM), name);
    copyFileSync(source, path.join(folder, name));
  }
  return path.join(folder, path.basename(PROGRAM));
}

async function runBy(
  program: string,
  options: { cwd?: string; env?: Record<string, string | undefined> } = {},
): Promise<Result> {
  const words = [...lab.command.slice(0, -1), program, 'run', '--rm', '--network=none', image];
  return execute([...words, ...PRINTS], {
    cwd: lab.home, ...options, env: { ...lab.environment, ...options.env },
  });
}

const FINE = { status: 0, stdout: 'fine\n', stderr: '' };

test('it runs from any folder, whatever its name, by any link, wherever one stands', async () => {
  const moved = copyOf('a folder', 'of "many": words');
  assert.deepEqual(await runBy(moved), FINE);
  const link = path.join(lab.folder, 'link');
  symlinkSync(moved, link);
  assert.deepEqual(await runBy(link, { cwd: '/' }), FINE);
  assert.deepEqual(await runBy(path.relative(lab.home, link)), FINE);
});

test('a read-only copy runs, and pulls', async () => {
  const program = copyOf('read-only');
  const folder = path.dirname(program);
  chmodSync(folder, 0o555);
  assert.deepEqual(await runBy(program), FINE);
  const words = [...lab.command.slice(0, -1), program, 'run', '--rm', '--network=none', 'hello'];
  const { status, stdout } = await execute(words, { env: lab.environment, cwd: lab.home });
  assert.equal(status, 0);
  assert.match(stdout, /Hello/);
  chmodSync(folder, 0o755);
});

test('a helper in a folder that everybody may write is refused', async () => {
  const program = copyOf('shared');
  chmodSync(path.dirname(program), 0o777);
  const { status, stderr } = await runBy(program);
  assert.equal(status, 125);
  assert.match(stderr, /^Error: use ".*shared": other users can replace it .*mode 777\)$/m);
  assert.match(stderr, /^hint: chmod go-w /m);
  chmodSync(path.dirname(program), 0o1777);
  assert.deepEqual(await runBy(program), FINE);
});

test('without HOME the account says where the home is', async () => {
  const { stdout, status } = await lab.berth(['info', '--format', '{{.store.graphRoot}}'], {
    env: { HOME: undefined, XDG_DATA_HOME: undefined },
  });
  assert.equal(status, 0);
  assert.match(stdout, /^\/.*\/berth/);
});

test('a limit of the address space that leaves no room is named', async () => {
  // A flag of its own: this run is none that is done again.
  const flags = ['--rm', '--network=none', '--hostname=limited'];
  const words = [...lab.command, 'run', ...flags, image, ...PRINTS];
  const script = 'ulimit -v 1000000; exec "$@"';
  const limited = ['sh', '-c', script, 'sh', ...words];
  const { status, stderr } = await execute(limited, { cwd: lab.home, env: lab.environment });
  if (BUILD === 'node') return assert.doesNotMatch(stderr, /this is a bug/);
  assert.equal(status, 125);
  assert.match(stderr, /^Error: prepare system calls: .*\nhint: ulimit -v unlimited/);
});

test('a limit of open files that leaves no room is named, whatever met it', async () => {
  const flags = ['-d', '--replace', '--name=few', '--network=none'];
  const words = [...lab.command, 'run', ...flags, image, 'true'];
  const failures: string[] = [];
  // Below that Node has no room itself.
  for (let limit = 20; limit < 64; limit += 1) {
    const limited = ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh', ...words];
    const { status, stderr } = await execute(limited, { cwd: lab.home, env: lab.environment });
    if (status === 0) break;
    failures.push(stderr);
  }
  await lab.ok(['rm', '-f', 'few']);
  assert.ok(failures.length > 0, 'there was always room');
  for (const failure of failures) {
    assert.match(failure,
      /^Error: .*(too many open files|EMFILE)\nhint: raise it: ulimit -n 1024\n$/);
  }
});

/** With NODE_OPTIONS Node itself runs what a user asks for, before any script. */
const HOSTILE: Record<string, string> = {
  BUN_INSPECT_PRELOAD: './evil.js',
  BUN_CONFIG_PRELOAD: './evil.js',
  BUN_JSC_useFTLJIT: '0',
  BUN_JSC_useJIT: '0',
  BUN_BE_BUN: '1',
  BUN_OPTIONS: '--preload=./evil.js',
  BUN_INSPECT: '1',
  NODE_PATH: '.',
  ...(BUILD === 'bun' ? { NODE_OPTIONS: '--require ./evil.js' } : {}),
};

// The same fault of Composer: it ran what lay in the current folder.
test('CVE-2024-24821: variables and files that runtimes heed change nothing', async () => {
  const folder = path.join(lab.home, 'hostile');
  mkdirSync(path.join(folder, 'node_modules/koffi'), { recursive: true });
  const evil = 'console.log("EVIL"); process.exit(99);\n';
  for (const name of ['evil.js', 'node_modules/koffi/index.js', 'fs.js']) {
    writeFileSync(path.join(folder, name), evil);
  }
  writeFileSync(path.join(folder, 'bunfig.toml'), 'preload = ["./evil.js"]\n');
  writeFileSync(path.join(folder, '.env'), 'HOME=/evil\nXDG_DATA_HOME=/evil\n');
  writeFileSync(path.join(folder, 'package.json'),
    '{"type":"module","main":"./evil.js","scripts":{"run":"echo EVIL","ps":"echo EVIL"}}');
  writeFileSync(path.join(folder, 'tsconfig.json'),
    '{"compilerOptions":{"paths":{"*":["./evil.js"]}}}');
  assert.deepEqual(await runBy(PROGRAM, { cwd: folder, env: HOSTILE }), FINE);
  const none = ['ps', '-q', '--filter', 'name=nobody'];
  assert.equal(await lab.ok(none, { cwd: folder, env: HOSTILE }), '');
  const words = ['run', '--rm', '--network=none', image, 'env'];
  const inside = await lab.ok(words, { cwd: folder, env: HOSTILE });
  assert.doesNotMatch(inside, /BUN_|NODE_|evil/);
  const beside = await lab.ok(['unshare', 'env'], { cwd: folder, env: HOSTILE });
  assert.doesNotMatch(beside, /^(BUN_|NODE_OPTIONS)/m);
});

test('CVE-2024-24821: no program of the current folder is run, wherever PATH leads', async () => {
  const folder = path.join(lab.home, 'programs');
  mkdirSync(folder);
  for (const name of ['docker-credential-evil', 'env', 'stty', 'newuidmap', 'pasta']) {
    writeFileSync(path.join(folder, name), '#!/bin/sh\n: >ran\necho EVIL\n', { mode: 0o755 });
  }
  const auths = path.join(lab.home, 'evil.json');
  writeFileSync(auths, JSON.stringify({ credsStore: 'evil' }));
  for (const PATH of [`.:${process.env['PATH']}`, `${process.env['PATH']}:`, '']) {
    const options = { cwd: folder, env: { PATH } };
    const login = ['login', '--authfile', auths, '--get-login', 'registry.invalid'];
    const { status, stderr } = await lab.berth(login, options);
    assert.equal(status, 125);
    assert.match(stderr, /no such program "docker-credential-evil"/);
    assert.match(await lab.ok(['unshare', 'env'], options), /^HOME=/m);
    await lab.ok(['run', '--rm', image, 'true'], options);
    assert.ok(!existsSync(path.join(folder, 'ran')), PATH);
  }
});

test('in a folder that was deleted all works that does not need it', async () => {
  const words = lab.command.map((word) => `"${word}"`).join(' ');
  const run = async (args: string): Promise<Result> => {
    const script = `mkdir gone; cd gone; rmdir ../gone; ${words} ${args}`;
    return execute(['sh', '-c', script], { cwd: lab.home, env: lab.environment });
  };
  const rm = 'run --rm --network=none';
  assert.deepEqual(await run('ps -aq --filter name=nobody'), { status: 0, stdout: '', stderr: '' });
  assert.deepEqual(await run(`${rm} ${image} echo fine`), FINE);
  const hint = 'cd to another folder\n';
  for (const flag of ['-v ./x:/x', '-v .:/x', '--cidfile x']) {
    const { status, stderr } = await run(`${rm} ${flag} ${image} true`);
    assert.equal(status, 125, flag);
    assert.match(stderr, /^Error: find "(\.|\.\/x|x)": the current folder was deleted\nhint: cd /);
  }
  const saved = await run(`save -o file ${image}`);
  assert.deepEqual([saved.status, saved.stderr], [125,
    'Error: write "file": no such file or directory\n'
    + `hint: the current folder was deleted: ${hint}`]);
});

test('variables of --env-file are the container\'s alone: no runtime takes one', async () => {
  const file = path.join(lab.home, 'variables');
  const evil = path.join(lab.home, 'evil.js');
  writeFileSync(evil, 'console.log("EVIL"); process.exit(99);\n');
  writeFileSync(file, `NODE_OPTIONS=--require ${evil}\nBUN_OPTIONS=--preload=${evil}\nMINE=1\n`);
  const words = ['run', '--rm', '--network=none', `--env-file=${file}`, '--env-file', file, image,
    'sh', '-c', 'echo $MINE $NODE_OPTIONS'];
  // As lab.command has it, and by the script's first line.
  for (const program of [lab.command, [PROGRAM]]) {
    const { status, stdout, stderr } = await execute([...program, ...words], {
      env: lab.environment, cwd: lab.home,
    });
    assert.deepEqual({ status, stdout, stderr }, {
      status: 0, stdout: `1 --require ${evil}\n`, stderr: '',
    });
  }
});

test('a user who may have no more processes is told so, and no bug of the runtime', {
  skip: BUILD === 'node' && 'Node itself starts there, or says what it lacks',
}, async () => {
  for (const words of [['ps'], ['run', '--rm', image, 'true'], ['exec', 'none', 'true']]) {
    const { status, stderr } = await execute(['prlimit', '--nproc=1', ...lab.command, ...words], {
      env: lab.environment, cwd: lab.home,
    });
    assert.match(stderr, /^Error: start berth: you may have no more processes.*\nhint: .*\n$/);
    assert.equal(status, 125);
  }
});
