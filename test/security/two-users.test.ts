/**
 * Two users on one machine: what is on the disk and in the runtime folder is closed to the other,
 * whatever the umask and wherever the folder is; he can't name, read, signal, or stand in the way.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { execute } from '../e2e/execute.ts';
import { openLab } from '../e2e/harness.ts';
import { executeAsSecondUser } from '../e2e/second-user.ts';
import { missing } from '../lab/probes.ts';
import { startRegistry } from '../lab/registry.ts';

const lab = openLab();
let image = '';
before(async () => { image = await lab.image(); });
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const bob = async (...words: string[]) => executeAsSecondUser(words, {});
const FALLBACK = `/dev/shm/berth-run-${process.getuid?.()}`;
const ONE_ID = path.resolve(import.meta.dirname, '../lab/one-id');

/** Trees that become root file systems or volumes: their modes are the container's own. */
const INNER = new Set(['fs', 'upper', 'work', '_data']);

/** Bound into containers, where every user reads them; their folder is closed. */
const BOUND = new Set(['containerenv', 'hosts', 'hostname', 'resolv.conf']);

/** Everything below `folder` that others could open if they came so far. */
function openTo(folder: string): string[] {
  return readdirSync(folder).filter((name) => !INNER.has(name)).flatMap((name) => {
    const file = path.join(folder, name);
    const status = lstatSync(file);
    if (status.isSymbolicLink()) return [];
    const closed = BOUND.has(name) ? 0o022 : 0o077;
    return [...((status.mode & closed) === 0 ? [] : [file]),
      ...(status.isDirectory() ? openTo(file) : [])];
  });
}

/** A command with a umask that gives everything to everybody. */
async function openly(words: readonly string[], runtime: string): Promise<string> {
  const command = [...lab.command, ...words].map((word) => `'${word}'`).join(' ');
  const { status, stdout } = await lab.inShell(
    `umask 000; XDG_RUNTIME_DIR='${runtime}' ${command} 2>&1`);
  assert.equal(status, 0, stdout);
  return stdout.trim();
}

test('files, sockets and folders are the user\'s alone, with any umask', async () => {
  await openly(['volume', 'create', 'kept'], lab.runtime);
  await openly(['run', '-d', '--name', 'open', '--network', 'none', '-v', 'kept:/kept',
    '--log-driver', 'json-file', image, 'sh', '-c', 'echo said; sleep 100'],
  lab.runtime);
  await openly(['exec', 'open', 'true'], lab.runtime);
  assert.deepEqual(openTo(lab.data), []);
  assert.deepEqual(openTo(path.join(lab.runtime, 'berth')), []);
  for (const top of [lab.data, path.join(lab.data, 'v1'), path.join(lab.runtime, 'berth')]) {
    assert.equal(lstatSync(top).mode & 0o077, 0, top);
  }
  await lab.ok(['rm', '-f', '-t', '0', 'open']);
});

test("the other user reads no layer and no log, and can't signal, enter or name anything", {
  skip: missing.secondUser,
}, async () => {
  const id = await lab.ok(['run', '-d', '--name', 'mine', '--network', 'none', image,
    'sh', '-c', 'echo secret; sleep 100']);
  for (const folder of [lab.home, lab.runtime]) chmodSync(folder, 0o755);
  const data = path.join(lab.data, 'v1');
  const run = path.join(lab.runtime, 'berth');
  const berth = async (...words: string[]) => bob(...lab.command, '--root', data,
    '--runroot', run, ...words);
  for (const words of [['ps', '-a'], ['logs', 'mine'], ['logs', id], ['exec', 'mine', 'true'],
    ['attach', 'mine'], ['kill', 'mine'], ['stop', '-t', '0', 'mine'], ['rm', '-f', 'mine'],
    ['inspect', 'mine'], ['rename', 'mine', 'his'], ['images'], ['system', 'prune', '-f'],
    ['run', '--rm', image, 'true']]) {
    const { stdout, stderr } = await berth(...words);
    assert.doesNotMatch(stdout + stderr, /secret|sleep 100|bug/, words.join(' '));
  }
  assert.match(await lab.ok(['ps', '--format', '{{.Names}} {{.State}}']), /^mine running$/m);
  assert.equal(await lab.ok(['logs', 'mine']), 'secret');
  for (const folder of [lab.home, lab.runtime]) chmodSync(folder, 0o700);
  await lab.ok(['rm', '-f', '-t', '0', 'mine']);
});

test("save writes through no link of another user, and says that it is another's", {
  skip: missing.secondUser,
}, async () => {
  const target = path.join(lab.folder, 'target');
  const script = 'folder=$(mktemp -d); chmod 1777 "$folder"; ln -s "$0" "$folder/out.tar"; '
    + 'touch "$folder/file.tar"; echo "$folder"';
  const folder = (await bob('sh', '-c', script, target)).stdout.trim();
  try {
    for (const name of ['out.tar', 'file.tar']) {
      const output = path.join(folder, name);
      const { status, stderr } = await lab.berth(['save', '-q', '-o', output, image]);
      assert.equal(status, 125);
      assert.match(stderr, new RegExp(`^Error: write "${output}": (operation not permitted|`
        + "permission denied)\\nhint: it is another user's: choose another name\\n$", 'm'));
    }
    assert.ok(!existsSync(target));
    assert.deepEqual(readdirSync(folder).sort(), ['file.tar', 'out.tar']);
  } finally {
    await bob('rm', '-rf', folder);
  }
});

/** What another user may have put where the runtime folder falls back to. */
const PLANTED: readonly [string, string][] = [
  ['a folder', 'mkdir -m 777 "$0"'],
  ['a link', 'mkdir -p -m 777 "$0-his"; ln -s "$0-his" "$0"'],
  ['a link to the victim\'s home', 'ln -s "$1" "$0"'],
  ['a file', ': >"$0"; chmod 666 "$0"'],
];

/** As a user whom no login gave a runtime folder, with a umask that gives everything away. */
async function withoutRuntimeFolder(script: string): Promise<string> {
  const berth = lab.command.map((word) => `'${word}'`).join(' ');
  const { status, stdout, stderr } = await execute([ONE_ID, 'sh', '-euc',
    `umask 000; berth() { ${berth} --root '${lab.folder}/one-id' "$@"; }\n${script}`], {
    env: { ...lab.environment, XDG_RUNTIME_DIR: undefined, ONE_ID_HIDES: '/run/user' },
    cwd: lab.folder,
  });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

for (const [what, script] of PLANTED) {
  test(`${what} of another user where the runtime folder falls back to is passed over`, {
    skip: missing.secondUser || (existsSync(FALLBACK) && 'the folder is in use'),
  }, async () => {
    assert.equal((await bob('sh', '-c', script, FALLBACK, lab.home)).status, 0);
    try {
      const used = await withoutRuntimeFolder(`
        berth import -q '${archive()}' small >/dev/null
        berth run -d --name fell --network none small /bin/busybox sleep 100 >/dev/null
        find /tmp/berth-run-$(id -u) -perm /077 ! -type l; stat -c %F /tmp/berth-run-$(id -u)/*
        berth exec fell /bin/busybox true
        berth rm -f -t 0 fell >/dev/null; berth rmi -f small >/dev/null`);
      assert.match(used, /^directory\n(directory\n?)*$/);
      const planted = await bob('sh', '-c', 'ls -A "$0/." "$0-his/." 2>/dev/null', FALLBACK);
      assert.doesNotMatch(planted.stdout, /containers|keepers/);
      assert.ok(!existsSync(path.join(lab.home, 'containers')));
    } finally {
      await bob('rm', '-rf', FALLBACK, `${FALLBACK}-his`);
    }
  });
}

/** A root file system of busybox alone. */
function archive(): string {
  const file = path.join(lab.folder, 'small.tar');
  if (!existsSync(file)) execFileSync('tar', ['-C', '/', '-chf', file, 'bin/busybox']);
  return file;
}

test('no socket of ours has a name that the other user can say', async () => {
  await lab.ok(['run', '-d', '--name', 'named', '--network', 'none', image, 'sleep', '100']);
  const names = readFileSync('/proc/net/unix', 'utf8').split('\n')
    .map((line) => line.split(/\s+/)[7] ?? '').filter((name) => name.startsWith('@'));
  assert.deepEqual(names.filter((name) => /berth|named/.test(name)), []);
  await lab.ok(['rm', '-f', '-t', '0', 'named']);
});

test('variables of a container are in no command line of the host', async () => {
  await lab.ok(['run', '-d', '--name', 'env', '--network', 'none', '-e', 'TOKEN=s3cret', image,
    'sleep', '100']);
  const lines = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  });
  assert.deepEqual(lines.filter((line) => line.includes('s3cret')), []);
  await lab.ok(['rm', '-f', '-t', '0', 'env']);
});

test('files of the other user without end, where texts are read, fill no memory', {
  skip: missing.secondUser,
}, async () => {
  const shared = path.join(lab.folder, 'endless');
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  const file = path.join(shared, 'text');
  assert.equal((await bob('sh', '-c', 'truncate -s 1T "$0"; chmod 644 "$0"', file)).status, 0);
  const run = ['run', '--rm', '--network', 'none'];
  const all: [string[], Record<string, string>?][] = [
    [[...run, '--env-file', file, image, 'true']], [[...run, '--label-file', file, image, 'true']],
    [[...run, '--hosts-file', file, image, 'true']],
    [[...run, '--security-opt', `seccomp=${file}`, image, 'true']],
    [['exec', '--cidfile', file, 'true']], [['logout', '--authfile', file, 'registry.test']],
    [[...run, image, 'true'], { CONTAINERS_CONF: file }],
    [['pull', 'short'], { CONTAINERS_REGISTRIES_CONF: file }],
  ];
  for (const [words, variables] of all) {
    const limited = ['sh', '-c', 'ulimit -t 20; exec "$@"', 'sh', ...lab.command, ...words];
    const { status, stderr } = await execute(limited, {
      env: { ...lab.environment, ...variables }, cwd: lab.home,
    });
    assert.equal(status, 125, words.join(' '));
    assert.match(stderr, /^Error: .*text": it is larger than 16 MiB$/m, words.join(' '));
  }
});

test('a password is written through no link of the other user, nor into a file of his', {
  skip: missing.secondUser || missing.dockerRegistry,
}, async () => {
  const registry = await startRegistry(lab.folder);
  const shared = path.join(lab.folder, 'logins');
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  const precious = path.join(lab.home, 'precious.json');
  writeFileSync(precious, '{}');
  const planted = {
    link: `ln -s '${precious}' "$0"`, open: 'echo {} >"$0"; chmod 666 "$0"',
    dangling: `ln -s '${lab.home}/new' "$0"`,
  };
  for (const [name, script] of Object.entries(planted)) {
    const file = path.join(shared, name);
    assert.equal((await bob('sh', '-c', script, file)).status, 0);
    const { status, stderr } = await lab.berth(['login', '--tls-verify=false', '--authfile', file,
      '-u', 'ann', '-p', 'xyzzy', registry.host]);
    // The owner of the folder may replace what another user has put there.
    assert.equal(status, name === 'link' ? 125 : 0, stderr);
    assert.equal(lstatSync(file).isFile(), name !== 'link');
  }
  assert.equal(readFileSync(precious, 'utf8'), '{}');
  assert.ok(!existsSync(path.join(lab.home, 'new')));
  const seen = await bob('sh', '-c', 'cat "$0"/*', shared);
  assert.doesNotMatch(seen.stdout, /auth/);
  await registry.stop();
});

test('no pid file is written through a link of the other user', {
  skip: missing.secondUser,
}, async () => {
  const shared = path.join(lab.folder, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  const [precious, link] = [path.join(lab.home, 'precious'), path.join(shared, 'pid')];
  writeFileSync(precious, 'precious');
  assert.equal((await bob('ln', '-s', precious, link)).status, 0);
  const { status, stderr } = await lab.berth(['run', '--rm', '--network', 'none', '--pidfile', link,
    image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /^Error: write ".*pid": another user has put it there$/m);
  assert.equal(readFileSync(precious, 'utf8'), 'precious');
});
