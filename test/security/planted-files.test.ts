/**
 * Files that another user may have put or changed where commands read: configuration, stores, pipes
 * that nobody writes to. Nothing of it is used, and no command waits.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { execute, type Result } from '../e2e/execute.ts';
import { openLab } from '../e2e/harness.ts';
import { executeAsSecondUser } from '../e2e/second-user.ts';
import { missing } from '../lab/probes.ts';

const lab = openLab();
let image = '';
before(async () => { image = await lab.image(); });

const CONFIG = path.join(lab.home, '.config/containers');
const RUN = ['run', '--rm', '--network', 'none'];

/** Each file, a text for it, a command that reads it, and what that says of the text. */
const FILES: readonly { name: string; text: string; says: RegExp; words: () => string[] }[] = [
  {
    name: 'containers.conf', text: '[containers]\nenv = ["FROM=file"]\n', says: /^FROM=file$/m,
    words: () => [...RUN, image, 'env'],
  },
  {
    name: 'registries.conf', text: '[[registry]]\nlocation = "reg.test"\nblocked = true\n',
    says: /blocks/, words: () => ['pull', '-q', 'reg.test/x'],
  },
  {
    name: 'registries.conf.d/1.conf', text: '[[registry]]\nlocation = "reg.test"\nblocked = true\n',
    says: /blocks/, words: () => ['pull', '-q', 'reg.test/x'],
  },
  {
    name: 'policy.json', text: '{"default": [{"type": "reject"}]}', says: /the policy .* rejects/,
    words: () => ['pull', '-q', 'reg.test/x'],
  },
];

/** A command that may not take long; what it printed. */
async function said(words: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const result = await prompt([...lab.command, ...words], env);
  return result.stdout + result.stderr;
}

async function prompt(words: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const result = await execute(['timeout', '20', ...words], {
    env: { ...lab.environment, ...env }, cwd: lab.home,
  });
  assert.notEqual(result.status, 124, `it waits: ${words.join(' ')}`);
  return result;
}

/** In a home that others may enter, as most are. */
async function configured(work: () => Promise<void>): Promise<void> {
  mkdirSync(path.join(CONFIG, 'registries.conf.d'), { recursive: true });
  chmodSync(lab.home, 0o755);
  try {
    await work();
  } finally {
    chmodSync(lab.home, 0o700);
    rmSync(CONFIG, { recursive: true });
  }
}

for (const { name, text, says, words } of FILES) {
  test(`${name} that all users may change is refused, and one of the user's group is not`,
    async () => configured(async () => {
      const file = path.join(CONFIG, name);
      writeFileSync(file, text);
      const refused = new RegExp(`^Error: read (policy )?"${file}": all users may change it\n`
        + `hint: chmod o-w "${file}"$`, 'm');
      chmodSync(file, 0o664);
      assert.match(await said(words()), says);
      chmodSync(file, 0o666);
      assert.match(await said(words()), refused);
      // Nobody can come so far.
      chmodSync(path.dirname(file), 0o700);
      assert.match(await said(words()), says);
    }));
}

test('configuration of another user is refused, unless the user names it', {
  skip: missing.secondUser,
}, async () => configured(async () => {
  for (const { name, text, says, words } of FILES) {
    const file = path.join(CONFIG, name);
    chmodSync(path.dirname(file), 0o1777);
    const script = 'printf %s "$1" >"$0"; chmod 644 "$0"; id -u';
    const bob = await executeAsSecondUser(['sh', '-ec', script, file, text], {});
    assert.equal(bob.status, 0, bob.stderr);
    const refused = new RegExp(`": it belongs to uid ${bob.stdout.trim()}\nhint`);
    assert.match(await said(words()), refused);
    if (name === 'containers.conf') {
      assert.match(await said(words(), { CONTAINERS_CONF: file }), says);
    } else if (name === 'registries.conf') {
      assert.match(await said(words(), { CONTAINERS_REGISTRIES_CONF: file }), says);
    } else if (name === 'policy.json') {
      assert.match(await said([...words(), '--signature-policy', file]), says);
    }
    rmSync(file);
    chmodSync(path.dirname(file), 0o755);
  }
}));

test('a pipe where configuration is read keeps no command waiting', async () =>
  configured(async () => {
    const docker = path.join(lab.home, '.docker');
    mkdirSync(docker, { recursive: true });
    mkdirSync(path.join(CONFIG, 'certs.d/reg.test'), { recursive: true });
    const pulls = ['pull', '-q', 'reg.test/x'];
    const login = ['login', '--get-login', 'reg.test'];
    const all: [string, string[]][] = [
      ...FILES.map(({ name, words }): [string, string[]] => [path.join(CONFIG, name), words()]),
      [path.join(CONFIG, 'auth.json'), login], [path.join(docker, 'config.json'), login],
      [path.join(CONFIG, 'certs.d/reg.test/ca.crt'), pulls],
    ];
    for (const [file, words] of all) {
      execFileSync('mkfifo', [file]);
      assert.match(await said(words), /^Error: .*: it is a pipe$/m, file);
      rmSync(file);
      symlinkSync('/dev/zero', file);
      assert.match(await said(words), /^Error: .*: it is larger than 16 MiB$/m, file);
      rmSync(file);
    }
    rmSync(docker, { recursive: true });
  }));

test('what the caller has opened is read, and the user\'s own pipe is waited for', async () => {
  const berth = lab.command.map((word) => `'${word}'`).join(' ');
  const script = `CONTAINERS_CONF=<(printf '[containers]\\nenv = ["FROM=pipe"]\\n') \\
    ${berth} run --rm --network none --env-file <(sleep 1; echo TOO=pipe) ${image} env
    mkfifo own; (sleep 1; echo OWN=pipe >own) &
    ${berth} run --rm --network none --env-file own ${image} env; rm own
    echo IN=pipe | ${berth} run --rm --network none --env-file /dev/stdin ${image} env`;
  const { status, stdout, stderr } = await prompt(['bash', '-euc', script]);
  assert.equal(status, 0, stderr);
  for (const name of ['FROM', 'TOO', 'OWN', 'IN']) {
    assert.match(stdout, new RegExp(`^${name}=pipe\r?$`, 'm'));
  }
});

/** A folder of all users, with a sticky bit, and what bob makes in it by `script`. */
async function shared(script: string): Promise<string> {
  const folder = path.join(lab.folder, 'shared');
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o1777);
  const words = ['sh', '-euc', `cd "$0"; ${script}`, folder];
  const { status, stderr } = await executeAsSecondUser(words, {});
  assert.equal(status, 0, stderr);
  return folder;
}

test('a pipe of the other user where a text is read is refused, and nothing waits', {
  skip: missing.secondUser,
}, async () => {
  const pipe = path.join(await shared('mkfifo -m 644 pipe; chmod 644 pipe'), 'pipe');
  for (const words of [[...RUN, '--env-file', pipe, image, 'true'],
    [...RUN, '--label-file', pipe, image, 'true'], ['exec', '--cidfile', pipe, 'true'],
    [...RUN, '--security-opt', `seccomp=${pipe}`, image, 'true'],
    ['login', '--get-login', '--authfile', pipe, 'reg.test']]) {
    assert.match(await said(words), /^Error: .*pipe": it is a pipe$/m, words.join(' '));
  }
});

test('a store or a run folder of another user is refused, and one that all may write to', {
  skip: missing.secondUser,
}, async () => {
  const folder = await shared('mkdir -m 777 his; mkdir -p store/containers; chmod -R a+rwX store');
  for (const flag of ['--root', '--runroot']) {
    for (const name of ['his', 'store']) {
      const output = await said([flag, path.join(folder, name), 'ps', '-a']);
      assert.match(output, new RegExp(`^Error: use ".*/${name}": it belongs to uid [0-9]+\n`
        + `hint: berth ${flag} .*/${name}/berth-[0-9]+, or another folder of your own$`, 'm'));
    }
    assert.match(await said([flag, folder, 'ps']), /^Error: use ".*": all users may write to it$/m);
  }
  assert.deepEqual(readdirSync(path.join(folder, 'his')), []);
  const own = path.join(lab.home, 'group');
  mkdirSync(own);
  chmodSync(own, 0o775);
  assert.match(await said(['--root', own, '--runroot', own, 'ps']), /^CONTAINER ID/);
  await executeAsSecondUser(['rm', '-rf', `${folder}/his`, `${folder}/store`], {});
});

test('a pipe in a container is kept as one by diff, export, commit and save, and nothing waits',
  async () => {
    const words = ['run', '--name', 'piped', '--network', 'none', image, 'sh', '-euc',
      'mkfifo -m 640 /pipe; mkdir /etc/deep; mkfifo /etc/deep/pipe'];
    assert.equal((await prompt([...lab.command, ...words])).status, 0);
    assert.match(await said(['diff', 'piped']), /^A \/pipe$/m);
    const listed = (file: string): string =>
      execFileSync('tar', ['-tvf', file], { encoding: 'utf8' });
    const archive = path.join(lab.folder, 'piped.tar');
    for (const [kind, make] of [
      ['export', ['export', '-o', archive, 'piped']],
      ['commit', ['commit', '-q', 'piped', 'localhost/piped']],
      ['commit --squash', ['commit', '-q', '--squash', 'piped', 'localhost/squashed']],
    ] as const) assert.equal((await prompt([...lab.command, ...make])).status, 0, kind);
    assert.match(listed(archive), /^prw-r----- .* pipe$/m);
    for (const name of ['localhost/piped', 'localhost/squashed']) {
      const seen = await said([...RUN, name, 'sh', '-c', 'stat -c "%F %a" /pipe /etc/deep/pipe']);
      assert.equal(seen, 'fifo 640\nfifo 644\n', name);
      const folder = path.join(lab.folder, 'saved');
      const save = ['save', '-q', '--format', 'docker-dir', '-o', folder, name];
      assert.equal((await prompt([...lab.command, ...save])).status, 0);
      const layers = readdirSync(folder).map((file) => path.join(folder, file))
        .filter((file) => !/json$|version$/.test(file));
      assert.ok(layers.some((file) => isTar(file) && /^prw-r----- .* pipe$/m.test(listed(file))));
      rmSync(folder, { recursive: true });
    }
    assert.match(await said(['system', 'check']), /nothing is wrong/);
    await lab.ok(['rm', 'piped']);
    await lab.ok(['rmi', 'localhost/piped', 'localhost/squashed']);
    assert.ok(existsSync(archive));
  });

function isTar(file: string): boolean {
  try {
    execFileSync('tar', ['-tf', file], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
