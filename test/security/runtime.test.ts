/**
 * Attacks on the start of containers and on exec, by the identifiers under which they became
 * known. "Refused" means: a clear error, nothing changed on the host, nothing left behind.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { execute } from '../e2e/execute.ts';
import { openLab } from '../e2e/harness.ts';
import { KEYS, program, TRACER } from './programs.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const HELPER = path.join(path.dirname(lab.command.at(-1) ?? ''), 'berth-native');

async function inside(script: string, ...flags: string[]): Promise<string> {
  return lab.ok(['run', '--rm', '--network', 'none', ...flags, image, 'sh', '-c', script]);
}

function helperHash(): string {
  return createHash('sha256').update(readFileSync(HELPER)).digest('hex');
}

test("CVE-2019-5736: the helper can't be overwritten from inside", async () => {
  const hash = helperHash();
  const overwriting = await lab.image({
    name: 'localhost/self:1',
    layers: [{ entry: { text: '#!/proc/self/exe\n', mode: 0o755 } }],
    config: { Entrypoint: ['/entry'], Env: ['PATH=/bin'] },
  });
  await lab.berth(['run', '--rm', overwriting]);
  await lab.ok([
    'run',
    '-d',
    '--name',
    'victim',
    image,
    'sh',
    '-c',
    'while :; do for p in /proc/[0-9]*; do echo evil 2>/dev/null >$p/exe; done; done 2>/dev/null',
  ]);
  for (let round = 0; round < 20; round++) await lab.berth(['exec', 'victim', '/proc/self/exe']);
  await lab.ok(['rm', '-f', '-t', '0', 'victim']);
  // Who may trace the process that enters, sees its file.
  const tracer = program(lab, 'tracer', TRACER);
  const flags = ['--network=none', '--cap-add', 'SYS_PTRACE', '-v', `${tracer}:/tracer:ro`];
  await lab.ok(['run', '-d', '--name', 'reader', ...flags, image, '/tracer']);
  let seen = '';
  for (let left = 200; left > 0 && !/^\/: /m.test(seen); left--) {
    seen = await lab.ok(['exec', 'reader', 'cat', '/seen']);
  }
  await lab.ok(['rm', '-f', '-t', '0', 'reader']);
  const own = seen.split('\n').filter((line) => line.startsWith('/: '));
  assert.deepEqual([...new Set(own)], ['/: Read-only file system']);
  assert.equal(helperHash(), hash);
});

test('CVE-2019-16884, CVE-2019-19921, CVE-2025-62596: nothing replaces /proc', async () => {
  for (const flags of [
    ['-v', 'x:/proc'],
    ['--tmpfs', '/proc'],
    ['-v', `${lab.home}:/proc`],
  ]) {
    const { status, stderr } = await lab.berth(['run', '--rm', ...flags, image, 'true']);
    assert.equal(status, 125, flags.join(' '));
    assert.match(stderr, /\/proc/);
  }
  const volume = await lab.image({
    name: 'localhost/volume-proc:1',
    config: { Volumes: { '/proc': {} }, Env: ['PATH=/bin'] },
  });
  const { status } = await lab.berth(['run', '--rm', volume, 'true']);
  assert.equal(status, 125);
  const door = await lab.image({ name: 'localhost/door:1', layers: [{ door: { link: '/proc' } }] });
  const through = await lab.berth(['run', '--rm', '-v', `${lab.home}:/door/self`, door, 'true']);
  assert.equal(through.status, 125);
  assert.match(through.stderr, /is a folder of \/proc/);
});

for (const name of ['proc', 'sys', 'dev']) {
  // Also CVE-2023-28642, CVE-2025-54867, CVE-2026-47766.
  test(`CVE-2023-27561, CVE-2026-41579: a link as /${name} changes nothing outside`, async () => {
    const outside = path.join(lab.home, `outside-${name}`);
    mkdirSync(outside, { recursive: true, mode: 0o777 });
    const hostile = await lab.image({
      name: `localhost/link-${name}:1`,
      busybox: false,
      layers: [
        {
          [name]: { link: outside },
          'bin/busybox': { text: readFileSync('/bin/busybox', 'latin1'), mode: 0o755 },
        },
      ],
      config: { Env: ['PATH=/bin'] },
    });
    await lab.berth(['run', '--rm', hostile, '/bin/busybox', 'true']);
    assert.deepEqual(readdirSync(outside), []);
  });
}

test('CVE-2019-18837, CVE-2025-24965: links at targets of mounts stay below the root', async () => {
  const outside = path.join(lab.home, 'outside');
  mkdirSync(outside, { recursive: true });
  writeFileSync(path.join(outside, 'resolv.conf'), 'mine');
  const hostile = await lab.image({
    name: 'localhost/links:1',
    layers: [
      {
        'etc/resolv.conf': { link: path.join(outside, 'resolv.conf') },
        'etc/hosts': { link: '../../../../../../../../../../etc/passwd' },
        'etc/hostname': { link: '/proc/self/exe' },
        mnt: { link: outside },
        work: { link: `${outside}/made` },
      },
    ],
    config: { WorkingDir: '/work', Env: ['PATH=/bin'] },
  });
  const passwd = readFileSync('/etc/passwd', 'utf8');
  await lab.berth([
    'run',
    '--rm',
    '-v',
    `${lab.home}:/mnt/deep/target`,
    hostile,
    'sh',
    '-c',
    'echo evil >/etc/resolv.conf; echo evil >/etc/hosts',
  ]);
  assert.deepEqual(readdirSync(outside), ['resolv.conf']);
  assert.equal(readFileSync(path.join(outside, 'resolv.conf'), 'utf8'), 'mine');
  assert.equal(readFileSync('/etc/passwd', 'utf8'), passwd);
});

test('CVE-2021-43784: arguments and variables above 64 KiB arrive whole', async () => {
  const long = 'x'.repeat(100_000);
  const { stdout } = await lab.berth([
    'run',
    '--rm',
    '-e',
    `LONG=${long}`,
    image,
    'sh',
    '-c',
    'echo ${#LONG} ${#1}',
    'sh',
    long,
  ]);
  assert.equal(stdout, '100000 100000\n');
});

// Also CVE-2022-27649, CVE-2022-27650, CVE-2022-27651, CVE-2025-27612.
test('CVE-2022-29162, CVE-2022-24769: no capabilities are inheritable', async () => {
  await lab.ok(['run', '-d', '--name', 'caps', '--cap-add', 'NET_ADMIN', image, 'sleep', '100']);
  const script = 'grep -E "^Cap(Inh|Amb)" /proc/self/status';
  const none = 'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000';
  assert.equal(await inside(script, '--cap-add', 'NET_ADMIN'), none);
  assert.equal(await lab.ok(['exec', 'caps', 'sh', '-c', script]), none);
});

test('a user other than root has no capabilities', { skip: missing.subordinateIds }, async () => {
  assert.match(
    await inside('grep CapEff /proc/self/status', '-u', '1000'),
    /CapEff:\t0000000000000000/,
  );
});

test("CVE-2023-25809, CVE-2022-0492: cgroups can't be written", async () => {
  for (const flags of [[], ['--cgroupns', 'host']]) {
    const script =
      'for d in $(find /sys/fs/cgroup -type d); do mkdir $d/evil 2>/dev/null && echo $d; done; ' +
      'echo 1 2>/dev/null >/sys/fs/cgroup/cgroup.procs && echo wrote; echo end';
    assert.equal(await inside(script, ...flags), 'end');
  }
});

test('CVE-2024-21626: no descriptor of the host is open, and no WORKDIR reaches one', async () => {
  assert.equal(await inside('echo $(ls /proc/self/fd)'), '0 1 2 3');
  for (let fd = 3; fd <= 30; fd++) {
    const result = await lab.berth([
      'run',
      '--rm',
      '-w',
      `/proc/self/fd/${fd}`,
      image,
      'sh',
      '-c',
      'ls ../../../../etc/shadow',
    ]);
    assert.notEqual(result.status, 0);
  }
});

test("CVE-2025-31133, CVE-2025-62161: the image's /dev/null is not what masks paths", async () => {
  const hostile = await lab.image({
    name: 'localhost/devnull:1',
    layers: [{ 'dev/null': { link: '/proc/sys/kernel/core_pattern' } }],
    config: { Env: ['PATH=/bin'] },
  });
  const { stdout } = await lab.berth([
    'run',
    '--rm',
    hostile,
    'sh',
    '-c',
    'cat /proc/keys | wc -c; stat -c %t:%T /dev/null',
  ]);
  assert.equal(stdout, '0\n1:3\n');
});

test("masked paths are empty and read-only ones can't be written", async () => {
  const script =
    'cat /proc/kcore 2>/dev/null | head -c1 | wc -c; cat /proc/timer_list | wc -c; ' +
    'echo x 2>/dev/null >/proc/sys/kernel/hostname && echo wrote; ' +
    'echo b 2>/dev/null >/proc/sysrq-trigger && echo wrote; ls /sys/firmware | wc -l';
  assert.equal(await inside(script), '0\n0\n0');
});

test(
  'CVE-2026-30892, CVE-2024-40635: odd users are the user meant or refused',
  {
    skip: missing.subordinateIds,
  },
  async () => {
    assert.equal(await inside('id -u; id -g', '-u', '1000:'), '1000\n1000');
    for (const user of [
      '4294967296',
      '4294967295',
      '-1',
      '2147483648',
      '0x0',
      '+1',
      '1000:99999999999',
    ]) {
      const { status, stdout } = await lab.berth([
        'run',
        '--rm',
        `--user=${user}`,
        image,
        'id',
        '-u',
      ]);
      assert.notEqual(status, 0, user);
      assert.equal(stdout, '', user);
    }
  },
);

test("CVE-2022-0811: only sysctls of the container's namespaces, one at a time", async () => {
  for (const sysctl of [
    'kernel.core_pattern=|/evil',
    'net.ipv4.ip_forward=1+kernel.core_pattern=x',
    'vm.swappiness=1',
    'net.ipv4.ip_forward=1\nkernel.x=1',
    'net/../kernel/core_pattern=x',
  ]) {
    const { status } = await lab.berth(['run', '--rm', '--sysctl', sysctl, image, 'true']);
    assert.equal(status, 125, sysctl);
  }
  const { status } = await lab.berth([
    'run',
    '--rm',
    '--network',
    'host',
    '--sysctl',
    'net.ipv4.ip_forward=1',
    image,
    'true',
  ]);
  assert.equal(status, 125);
});

test(
  'CVE-2026-31431: AF_ALG sockets are refused, also by the 32-bit entry',
  {
    skip: process.arch === 'x64' ? false : 'the 32-bit entry is that of x86',
  },
  async () => {
    const attack = program(lab, 'alg',
      `
#include <stdio.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
static int entry32(int number, int a, int b, int c, int d)
{
	int result;
	__asm__ volatile("int $0x80" : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return result;
}
int main(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT;
	int *args = mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags, -1, 0);
	args[0] = 38; args[1] = 5; args[2] = 0;
	printf("%d\\n", socket(38, 5, 0) < 0 ? errno : 0);
	printf("%d\\n", entry32(359, 38, 5, 0, 0));
	printf("%d\\n", entry32(102, 1, (int)(long)args, 0, 0));
	args[0] = AF_INET; args[1] = SOCK_STREAM;	/* a kernel may have no AF_ALG */
	printf("%d\\n", entry32(102, 1, (int)(long)args, 0, 0));
	printf("%d\\n", socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0);
	return 0;
}`,
    );
    const { stdout } = await lab.berth(['run', '--rm', '-v', `${attack}:/alg:ro`, image, '/alg']);
    const [native, direct, multiplexed, any, internet] = stdout.trim().split('\n').map(Number);
    assert.ok(native === 1 || native === 97, `socket: ${native}`);
    assert.ok(direct === -1 || direct === -97, `socket by int 0x80: ${direct}`);
    assert.ok(multiplexed === -1 || multiplexed === -97, `socketcall: ${multiplexed}`);
    assert.equal(any, -97, "the filter can't see what socketcall is to make");
    assert.equal(internet, 0);
  },
);

test('CVE-2017-5226: TIOCSTI and TIOCLINUX are refused, also with high bits set', async () => {
  const attack = program(lab, 'sti',
    `
#include <stdio.h>
#include <errno.h>
#include <unistd.h>
#include <sys/syscall.h>
int main(void)
{
	char key = 'x';
	unsigned long numbers[] = { 0x5412, 0x541c, 0x100005412UL, 0xff0000000000541cUL };
	for (int i = 0; i < 4; i++)
		printf("%d\\n", syscall(SYS_ioctl, 0, numbers[i], &key) < 0 ? errno : 0);
	return 0;
}`,
  );
  const { stdout } = await lab.terminal([
    'run',
    '--rm',
    '-it',
    '-v',
    `${attack}:/sti:ro`,
    image,
    '/sti',
  ]);
  assert.equal(stdout.replace(/[^\d\n]/g, ''), '1\n1\n1\n1\n');
});

test('without -t there is no terminal to reach', async () => {
  const { stdout } = await lab.terminal([
    'run',
    '--rm',
    image,
    'sh',
    '-c',
    'echo evil >/dev/tty; echo $?',
  ]);
  assert.match(stdout, /can't create \/dev\/tty/);
});

test('keyrings are not those of the caller', async () => {
  assert.equal(await inside('cat /proc/keys | wc -l'), '0');
  const keys = program(lab, 'keys', KEYS);
  const search = ['-v', `${keys}:/keys:ro`, image, '/keys', 'find'];
  const words = [keys, 'with-key', ...lab.command, 'run', '--rm', '--network=none', ...search];
  const { stdout } = await execute(words, { env: lab.environment, cwd: lab.home });
  assert.equal(stdout, 'outside: found\ninside: not found\n');
});

test("the host's uid 0 is not mapped", async () => {
  assert.doesNotMatch(await inside('cat /proc/self/uid_map'), /^\s+\d+\s+0\s/m);
});

test(
  'CVE-2022-2989, CVE-2022-2990: groups of a user are those of /etc/group',
  { skip: missing.subordinateIds },
  async () => {
    assert.equal(await inside('id -G', '-u', 'user'), '1000 50');
    const groups = await inside('grep Groups: /proc/self/status', '-u', 'user');
    assert.equal(groups, 'Groups:\t50 1000 ', 'its own among them');
    assert.equal(await inside('id -G', '-u', '0'), '0');
    assert.equal(await inside('id -G', '-u', 'user:staff'), '50');
  },
);

test("CVE-2016-9962: a process that enters can't be traced from inside", async () => {
  const tracer = program(lab, 'tracer', TRACER);
  const flags = ['--network=none', '-v', `${tracer}:/tracer:ro`];
  await lab.ok(['run', '-d', '--name', 'traced', ...flags, image, '/tracer']);
  for (let round = 0; round < 20; round++) await lab.ok(['exec', 'traced', 'true']);
  // The container's own programs can be traced: the tracer works.
  await lab.ok(['exec', 'traced', 'sleep', '1']);
  const seen = (await lab.ok(['exec', 'traced', 'cat', '/seen'])).split('\n');
  await lab.ok(['rm', '-f', '-t', '0', 'traced']);
  assert.ok(seen.some((line) => line.startsWith('/bin/busybox: ')), seen.join());
  assert.deepEqual(seen.filter((line) => !/^(\/bin\/busybox: .*|)$/.test(line)), []);
});

test("data and run folders are the user's alone", async () => {
  await lab.ok(['run', '-d', '--name', 'modes', image, 'sleep', '100']);
  const tops = [lab.data, path.join(lab.runtime, 'berth')];
  for (const folder of tops) {
    assert.equal(statSync(folder).mode & 0o077, 0, `${folder} is closed to others`);
  }
  await lab.ok(['rm', '-f', '-t', '0', 'modes']);
});
