/**
 * `berth run` as users know it: output, exit statuses, what the flags change inside.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});

/** What a shell inside says. */
async function inside(script: string, ...flags: string[]): Promise<string> {
  return lab.ok(['run', '--rm', '--network', 'none', ...flags, image, 'sh', '-c', script]);
}

test('run hands the output through, each stream to its own', async () => {
  const { status, stdout, stderr } = await lab.berth([
    'run',
    '--rm',
    image,
    'sh',
    '-c',
    'echo out; echo err >&2',
  ]);
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'out\n', stderr: 'err\n' });
});

test('run gives the exit status of the command', async () => {
  const { status } = await lab.berth(['run', '--rm', image, 'sh', '-c', 'exit 7']);
  assert.equal(status, 7);
});

test('run gives 128+n when a signal ended the command', async () => {
  const { status } = await lab.berth(['run', '--rm', '--init', image, 'sh', '-c', 'kill -9 $$']);
  assert.equal(status, 137);
});

test('run gives 127 for a command that is not there, and names it', async () => {
  const { status, stderr } = await lab.berth(['run', '--rm', image, 'no-such-command']);
  assert.equal(status, 127);
  assert.match(stderr, /^Error: .*"no-such-command".*not found/m);
});

test("run gives 126 for a command that can't be executed", async () => {
  const { status, stderr } = await lab.berth(['run', '--rm', image, '/etc/passwd']);
  assert.equal(status, 126);
  assert.match(stderr, /^Error: .*"\/etc\/passwd".*permission denied/m);
});

test('run gives 125 for its own errors, with a guess for a mistyped flag', async () => {
  const { status, stderr } = await lab.berth(['run', '--naem', 'x', image]);
  assert.equal(status, 125);
  assert.match(stderr, /--naem[\s\S]*--name/);
});

test('run -i passes standard input on to its end', async () => {
  const input = 'x'.repeat(300_000);
  const { stdout } = await lab.berth(['run', '--rm', '-i', image, 'wc', '-c'], { input });
  assert.equal(stdout.trim(), '300000');
});

test('without -i the command finds an empty standard input', async () => {
  const { stdout } = await lab.berth(['run', '--rm', image, 'cat'], { input: 'secret' });
  assert.equal(stdout, '');
});

test('run -t gives a terminal, and none without it', async () => {
  const { stdout } = await lab.terminal(['run', '--rm', '-it', image, 'tty']);
  assert.match(stdout, /\/dev\/pts\/\d/);
  const { stdout: none } = await lab.terminal(['run', '--rm', image, 'tty']);
  assert.match(none, /not a tty/);
});

test("the terminal has the size of the caller's", async () => {
  const words = [...lab.command, 'run', '--rm', '-it', image, 'stty', 'size'].join(' ');
  const { stdout } = await lab.inShell(`stty rows 33 cols 101; ${words}`);
  assert.match(stdout, /33 101/);
});

test('run -d prints the id and leaves the container running', async () => {
  const id = await lab.ok(['run', '-d', '--name', 'background', image, 'sleep', '100']);
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(await lab.ok(['ps', '-q', '--no-trunc']), id);
  await lab.ok(['rm', '-f', '-t', '0', 'background']);
});

test('--rm leaves nothing behind', async () => {
  await lab.ok(['run', '--rm', '-v', '/data', image, 'touch', '/data/x']);
  assert.equal(await lab.ok(['ps', '-aq']), '');
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test("-e, --env-file and -w reach the command; -e NAME passes the caller's value on", async () => {
  writeFileSync(path.join(lab.home, 'env'), '# comment\n\nFROM_FILE=a b\nBOTH=file\n');
  const { stdout } = await lab.berth(
    [
      'run',
      '--rm',
      '--env-file',
      'env',
      '-e',
      'BOTH=flag',
      '-e',
      'PASSED',
      '-e',
      'ABSENT',
      '-e',
      '',
      '-w',
      '/tmp',
      image,
      'sh',
      '-c',
      'echo "$FROM_FILE|$BOTH|$PASSED|${ABSENT-unset}|$PWD"',
    ],
    { env: { PASSED: 'from caller' } },
  );
  assert.equal(stdout, 'a b|flag|from caller|unset|/tmp\n');
});

test("the caller's environment stays outside", async () => {
  const { stdout } = await lab.berth(['run', '--rm', image, 'env'], { env: { SECRET_TOKEN: 'x' } });
  assert.doesNotMatch(stdout, /SECRET_TOKEN/);
});

test(
  '-u takes names and numbers, with their groups and home',
  { skip: missing.subordinateIds },
  async () => {
    assert.equal(
      await inside('id -u; id -g; id -G; echo $HOME', '-u', 'user'),
      '1000\n1000\n1000 50\n/home/user',
    );
    assert.equal(await inside('id -u; id -g', '-u', '4711:50'), '4711\n50');
  },
);

test('--entrypoint replaces the entrypoint, and "" clears it', async () => {
  const wrapped = await lab.image({
    name: 'localhost/wrapped:1',
    config: { Entrypoint: ['echo', 'entry'], Cmd: ['default'], Env: ['PATH=/bin'] },
  });
  assert.equal(await lab.ok(['run', '--rm', wrapped]), 'entry default');
  assert.equal(await lab.ok(['run', '--rm', wrapped, 'given']), 'entry given');
  assert.equal(await lab.ok(['run', '--rm', '--entrypoint', 'printf', wrapped, 'x%s', 'y']), 'xy');
  assert.equal(await lab.ok(['run', '--rm', '--entrypoint', '', wrapped, 'echo', 'bare']), 'bare');
});

test('a name is taken once; --replace takes it over', async () => {
  await lab.ok(['create', '--name', 'taken', image, 'echo', 'first']);
  const { status, stderr } = await lab.berth(['run', '--name', 'taken', image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /"taken"/);
  assert.equal(
    await lab.ok(['run', '--rm', '--replace', '--name', 'taken', image, 'echo', 'second']),
    'second',
  );
});

test('--cidfile and --pidfile are written; an existing --cidfile is refused', async () => {
  const cid = path.join(lab.home, 'cid');
  const pid = path.join(lab.home, 'pid');
  const id = await lab.ok(['run', '-d', '--cidfile', cid, '--pidfile', pid, image, 'sleep', '100']);
  assert.equal(readFileSync(cid, 'utf8'), id);
  assert.ok(existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}`));
  const { status, stderr } = await lab.berth(['run', '--cidfile', cid, image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /cid/);
  await lab.ok(['rm', '-f', '-t', '0', '--cidfile', cid]);
  for (const flag of ['--pidfile', '--conmon-pidfile']) {
    const refused = await lab.berth(['run', '--rm', flag, '/no/such/pid', image, 'true']);
    assert.match(refused.stderr, /^Error: write "\/no\/such\/pid": no such file or directory$/m);
    assert.equal(refused.status, 125, flag);
  }
});

test('-v binds folders and files, ro makes them read-only', async () => {
  mkdirSync(path.join(lab.home, 'share'), { recursive: true });
  writeFileSync(path.join(lab.home, 'share/file'), 'content');
  const share = path.join(lab.home, 'share');
  assert.equal(await inside('cat /s/file; echo new >/s/made', '-v', `${share}:/s`), 'content');
  assert.equal(readFileSync(path.join(share, 'made'), 'utf8'), 'new\n');
  assert.match(
    await inside('echo x 2>&1 >/s/x || echo refused', '-v', `${share}:/s:ro`),
    /refused/,
  );
  assert.equal(
    await inside('cat /f', '--mount', `type=bind,src=${share}/file,dst=/f,ro`),
    'content',
  );
});

test('-v of a folder that is not there says so', async () => {
  const { status, stderr } = await lab.berth(['run', '--rm', '-v', '/no/such:/x', image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /"\/no\/such".*no such file/);
});

test('--tmpfs has its size, /dev/shm that of --shm-size', async () => {
  assert.match(await inside('df -k /t', '--tmpfs', '/t:size=1m'), /\s1024\s/);
  assert.match(await inside('df -k /dev/shm', '--shm-size', '2m'), /\s2048\s/);
  assert.match(await inside('df -k /dev/shm', '--shm-size', '0'), /\s\d{12,}\s/);
});

test('every user may write to a tmpfs, and U makes it that of the user', async () => {
  const write = 'touch /t/x && stat -c "%a %u" /t';
  assert.equal(await inside(write, '--tmpfs', '/t', '--user', '1000'), '1777 0');
  assert.equal(await inside(write, '--mount', 'type=tmpfs,dst=/t', '--user', '1000'), '1777 0');
  assert.equal(await inside(write, '--tmpfs', '/t:mode=700,U', '--user', '1000'), '700 1000');
  assert.equal(await inside('stat -c %a /t', '--tmpfs', '/t:mode=750'), '750');
});

test('lists of ulimits, sysctls and hosts in one flag, and what scripts leave empty', async () => {
  const script = 'ulimit -n; ulimit -c; cat /proc/sys/kernel/msgmax /etc/hosts';
  const flags = ['--ulimit', 'nofile=100,core=0', '--sysctl', 'kernel.msgmax=9000,kernel.shmmni=99',
    '--add-host', 'a:192.0.2.1,b:192.0.2.2', '-p', '', '--cidfile', '', '--device', ''];
  assert.match(await inside(script, ...flags),
    /^100\n0\n9000\n192\.0\.2\.1\ta\n192\.0\.2\.2\tb\n/);
});

test('-v takes what Docker tells its virtual machines, and the same mount twice', async () => {
  const bind = `${lab.home}:/home:ro,cached`;
  assert.equal(await inside('ls -d /home', '-v', bind, '-v', bind), '/home');
});

test('--read-only leaves only the usual temporary places writable', async () => {
  const script =
    'touch /x 2>/dev/null && echo root; touch /tmp/x && echo tmp; touch /run/x && echo run';
  assert.equal(await inside(script, '--read-only'), 'tmp\nrun');
  assert.equal(
    await inside('touch /tmp/x 2>/dev/null || echo all', '--read-only', '--read-only-tmpfs=false'),
    'all',
  );
});

test('--hostname, --add-host, --dns and --no-hosts shape /etc', async () => {
  const hosts = await inside(
    'hostname; cat /etc/hosts',
    '--hostname',
    'box',
    '--add-host',
    'db:10.1.2.3',
  );
  assert.match(hosts, /^box\n/);
  assert.match(hosts, /10\.1\.2\.3\s+db/);
  assert.match(
    await inside('cat /etc/resolv.conf', '--dns', '192.0.2.1', '--dns-search', 'example.org'),
    /nameserver 192\.0\.2\.1[\s\S]*|search example\.org/,
  );
  assert.equal(await inside('cat /etc/hosts 2>/dev/null || echo none', '--no-hosts'), 'none');
});

test('names of the machine’s /etc/hosts are there, unless --hosts-file says no', async () => {
  const lines = readFileSync('/etc/hosts', 'utf8').replace(/#.*/g, '').split('\n');
  const names = lines.flatMap((line) => line.trim().split(/\s+/).slice(1));
  const shared = (await inside('cat /etc/hosts', '--network', 'host')).split(/\s+/);
  for (const name of names) assert.ok(shared.includes(name), name);
  const none = await inside('cat /etc/hosts', '--network', 'none', '--hosts-file', 'none');
  assert.match(none, /^127\.0\.0\.1\tlocalhost\n::1\tlocalhost .+\n127\.0\.1\.1\t.+$/);
});

test('--ulimit, --umask and --sysctl are in force', async () => {
  assert.equal(await inside('ulimit -n; ulimit -Hn', '--ulimit', 'nofile=100:200'), '100\n200');
  assert.equal(await inside('umask', '--umask', '0077'), '0077');
  assert.equal(await inside('umask', '--umask', '777', '--init'), '0777');
  assert.equal(
    await inside('cat /proc/sys/net/ipv4/ip_default_ttl', '--sysctl', 'net.ipv4.ip_default_ttl=42'),
    '42',
  );
});

test('an oom score that only the administrator can set becomes the own one', async () => {
  const own = readFileSync('/proc/self/oom_score_adj', 'utf8').trim();
  const flags = ['run', '--rm', '--network', 'none', '--oom-score-adj', '-900', image];
  const { status, stdout, stderr } = await lab.berth([...flags, 'cat', '/proc/self/oom_score_adj']);
  assert.deepEqual([status, stdout.trim()], [0, own], stderr);
  assert.match(stderr, /^Warning: oom score -900 is below .*: -?\d+ is set\n$/);
});

test('--umask is that of the program, not of a working directory that is made', async () => {
  const made = await lab.image({ config: { Cmd: ['sh'], WorkingDir: '/made/here' } });
  const shown = ['sh', '-c', 'umask; stat -c %a /made /made/here'];
  assert.equal(
    await lab.ok(['run', '--rm', '--umask=777', '-u', '5', made, ...shown]), '0777\n755\n755');
});

test('--personality LINUX32 shows a 32-bit machine, to exec as well', async () => {
  const own = await inside('uname -m');
  await lab.ok(['run', '-d', '--name', 'old', '--personality=linux32', image, 'sleep', '100']);
  const shown = await lab.ok(['exec', 'old', 'uname', '-m']);
  assert.notEqual(shown, own);
  assert.equal(await inside('uname -m', '--personality', 'LINUX32'), shown);
  await lab.ok(['rm', '-f', '-t', '0', 'old']);
  const { status, stderr } = await lab.berth(['run', '--personality', 'BSD', image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /no such domain\nhint: use LINUX or LINUX32/);
});

test('--init reaps what is orphaned and passes the status on', async () => {
  assert.match(await inside('head -c 10 /proc/1/cmdline', '--init'), /berth-init/);
  const { status } = await lab.berth(['run', '--rm', '--init', image, 'sh', '-c', 'exit 9']);
  assert.equal(status, 9);
});

test('--timeout ends the container, with a status of its own', async () => {
  const begin = Date.now();
  const flags = ['--name', 'late', '--timeout', '1'];
  const { status } = await lab.berth(['run', ...flags, image, 'sleep', '50']);
  assert.equal(status, 255);
  assert.ok(Date.now() - begin < 20_000);
  assert.equal(await lab.ok(['inspect', '-f', '{{.State.ExitCode}}', 'late']), '255');
});

test('signals of the caller reach the command', async () => {
  const started = lab.start([
    'run',
    '--rm',
    image,
    'sh',
    '-c',
    'trap "echo got; exit 3" TERM; echo ready; while :; do sleep 0.1; done',
  ]);
  await started.seen(/ready/);
  started.child.kill('SIGTERM');
  const { status, stdout } = await started.finished;
  assert.equal(status, 3);
  assert.match(stdout, /got/);
});

test('SIGWINCH that someone sends reaches a command without a terminal', async () => {
  const script = 'trap "echo got; exit 3" WINCH; echo ready; while :; do sleep 0.1; done';
  const started = lab.start(['run', '--rm', image, 'sh', '-c', script]);
  await started.seen(/ready/);
  started.child.kill('SIGWINCH');
  assert.equal((await started.finished).status, 3);
});

test('an empty word is a command that is not found', async () => {
  const { status, stderr } = await lab.berth(['run', '--rm', image, '']);
  assert.equal(status, 127);
  assert.match(stderr, /^Error: execute "": the command is an empty word$/m);
});

test('--preserve-fds passes descriptors on, and nothing else is open inside', async () => {
  writeFileSync(path.join(lab.home, 'three'), 'third');
  const { stdout } = await lab.inShell(
    `exec 3<three 4<three; ${lab.command.join(' ')} run --rm --preserve-fds 1 ${image} ` +
      "sh -c 'cat <&3; ls /proc/self/fd'",
  );
  assert.match(stdout, /^third/);
  assert.deepEqual(stdout.replace('third', '').trim().split(/\s+/), ['0', '1', '2', '3', '4']);
});

test('--preserve-fd passes on what it names, under its number, and nothing else', async () => {
  const { status, stdout } = await lab.inShell(
    `exec 3<three 4<three 5<three; ${lab.command.join(' ')} run --rm --preserve-fd 5 ${image} ` +
      "sh -c 'cat <&5; cat <&3; readlink /proc/self/fd/4'",
  );
  assert.equal(status, 0);
  assert.equal(stdout.replaceAll('\r', ''), 'third/dev/null\n');
  for (const list of ['2', 'x', '5000', '1029']) {
    const refused = await lab.berth(['run', '--rm', '--preserve-fd', list, image, 'true']);
    assert.equal(refused.status, 125, list);
    assert.match(refused.stderr, /preserve/, list);
  }
});

test('a user who is not root has what --cap-add gives, in exec too', async () => {
  const caps = ['grep', '-E', 'Cap(Eff|Amb)', '/proc/self/status'];
  const flags = ['--network', 'none', '-u', '1000', '--cap-add', 'NET_BIND_SERVICE'];
  const own = 'CapEff:\t0000000000000400\nCapAmb:\t0000000000000400';
  const none = own.replaceAll('4', '0');
  assert.equal(await lab.ok(['run', '--rm', ...flags, image, ...caps]), own);
  assert.equal(await lab.ok(['run', '--rm', '-u', '1000', image, ...caps]), none);
  await lab.ok(['run', '-d', '--name', 'able', ...flags, image, 'sleep', '100']);
  assert.equal(await lab.ok(['exec', 'able', ...caps]), own);
  assert.equal(await lab.ok(['exec', '-u', '1001', 'able', ...caps]), none);
  assert.match(await lab.ok(['exec', '-u', '0', 'able', ...caps]), /CapEff:\t00000000800405fb/);
  await lab.ok(['rm', '-f', '-t', '0', 'able']);
});

test('-it without a terminal works, and warns that input has no end', async () => {
  const words = ['run', '--rm', '--network=none', '-it', image, 'head', '-n1'];
  const piped = await lab.berth(words, { input: 'a line\n' });
  assert.match(piped.stdout, /a line\r\n/);
  assert.deepEqual([piped.status, piped.stderr], [0,
    'Warning: the input device is not a TTY: leave out --tty where input is to end\n']);
  const typed = await lab.terminal([...words.slice(0, -2), 'true']);
  assert.doesNotMatch(typed.stdout, /Warning/);
});

test('--pull never does not ask a registry', async () => {
  const { status, stderr } = await lab.berth([
    'run',
    '--pull',
    'never',
    'localhost/none:1',
    'true',
  ]);
  assert.equal(status, 125);
  assert.match(stderr, /localhost\/none:1/);
});

test('hello and host need no registry', async () => {
  assert.match(await lab.ok(['run', '--rm', 'hello']), /Hello/);
  assert.equal(await lab.ok(['run', '--rm', 'host', 'uname', '-s']), 'Linux');
  const zoned = ['run', '--rm', '--tz', 'Pacific/Kiritimati', 'host', 'date', '+%z'];
  assert.equal(await lab.ok(zoned), '+1400', 'what is asked for goes before what the host has');
});

test("the current folder's configuration files change nothing", async () => {
  const folder = path.join(lab.home, 'hostile');
  mkdirSync(path.join(folder, 'node_modules/koffi'), { recursive: true });
  writeFileSync(path.join(folder, 'bunfig.toml'), 'preload = ["./evil.ts"]\n');
  writeFileSync(path.join(folder, 'evil.ts'), 'console.log("EVIL"); process.exit(99);\n');
  writeFileSync(path.join(folder, '.env'), 'HOME=/evil\nXDG_DATA_HOME=/evil\n');
  writeFileSync(
    path.join(folder, 'package.json'),
    '{"type":"commonjs","imports":{"#a":"./evil.ts"}}',
  );
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    '{"compilerOptions":{"paths":{"*":["./evil.ts"]}}}',
  );
  writeFileSync(path.join(folder, 'node_modules/koffi/index.js'), 'console.log("EVIL")');
  const { status, stdout } = await lab.berth(['run', '--rm', image, 'echo', 'fine'], {
    cwd: folder,
  });
  assert.deepEqual({ status, stdout }, { status: 0, stdout: 'fine\n' });
});

test('programs find /run/.containerenv; only a privileged one reads where it is', async () => {
  const read = ['sh', '-c', 'test -f /run/.containerenv && cat /run/.containerenv'];
  assert.equal(await lab.ok(['run', '--rm', '--read-only', image, ...read]), '');
  for (let round = 0; round < 2; round += 1) {
    const text = await lab.ok(['run', '--name', 'told', '--privileged', image, ...read]);
    const id = await lab.ok(['inspect', '-f', '{{.Id}}', 'told']);
    const lines = text.split('\n');
    assert.match(lines[0] ?? '', /^engine="berth-\d/);
    assert.deepEqual(lines.slice(1, 3), ['name="told"', `id="${id}"`]);
    assert.doesNotMatch(await lab.ok(['diff', 'told']), /containerenv/);
    await lab.ok(['rm', 'told']);
  }
});

test('a read-only container has the working directory that its image lacks', async () => {
  const config = { Cmd: ['pwd'], WorkingDir: '/made/here' };
  const made = await lab.image({ name: 'localhost/made:1', config });
  assert.equal(await lab.ok(['run', '--rm', '--network=none', '--read-only', made]), '/made/here');
});

test('/etc/mtab leads to what is mounted, unless the image or a volume has it', async () => {
  const plain = await lab.image({ name: 'localhost/no-mtab:1' });
  const shows = ['sh', '-c', 'readlink /etc/mtab; grep -c " /proc " /etc/mtab'];
  for (const flags of [[], [], ['--read-only'], ['-u', 'nobody']]) {
    const seen = await lab.ok(['run', '--rm', '--network=none', ...flags, plain, ...shows]);
    assert.equal(seen, '/proc/mounts\n1', flags.join(' '));
  }
  await lab.ok(['run', '--name', 'linked', '--network=none', plain, 'true']);
  await lab.ok(['commit', '-q', 'linked', 'localhost/linked:1']);
  for (const diff of [['diff', 'linked'], ['image', 'diff', 'localhost/linked:1']]) {
    assert.equal(await lab.ok(diff), '');
  }
  await lab.ok(['rm', 'linked']);
  await lab.ok(['rmi', 'localhost/linked:1']);
  const own = await lab.image({
    name: 'localhost/own-mtab:1', layers: [{ '/etc/mtab': 'its own' }],
  });
  assert.equal(await lab.ok(['run', '--rm', '--network=none', own, 'cat', '/etc/mtab']), 'its own');
  const empty = path.join(lab.home, 'empty-etc');
  mkdirSync(empty);
  writeFileSync(path.join(lab.home, 'mtab'), 'bound');
  const bound = ['run', '--rm', '--network=none', '-v', `${lab.home}/mtab:/etc/mtab`, image];
  assert.equal(await lab.ok([...bound, 'cat', '/etc/mtab']), 'bound');
  await lab.ok(['run', '--rm', '--network=none', '-v', `${empty}:/etc`, plain, 'true']);
  assert.ok(!readdirSync(empty).includes('mtab'));
});
