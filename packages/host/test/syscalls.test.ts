/** Tests of the system call table on real files, with the back end of the running runtime. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { SystemError } from '@berth/errors';
import {
  AT, getExtendedAttributes, loadSyscalls, MODE, OPEN, RESOLVE, succeed,
} from '../src/index.ts';

const { ENOENT, EINVAL, ENAMETOOLONG, ELOOP, EXDEV, EBADF } = constants.errno;
const syscalls = loadSyscalls();

function scratch(run: (directory: string) => void): () => void {
  return () => {
    const directory = mkdtempSync(join(tmpdir(), 'berth-host-'));
    try {
      run(directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
}

test('a failed call answers the negative error number', () => {
  assert.equal(syscalls.open('/no/such/file', OPEN.RDONLY), -ENOENT);
  assert.equal(syscalls.close(9999), -EBADF);
});

test('a path with a NUL or of 4096 bytes never reaches the kernel', () => {
  assert.equal(syscalls.open('/etc/passwd\0.txt', OPEN.RDONLY), -EINVAL);
  assert.equal(syscalls.open(Buffer.from('/etc\0x'), OPEN.RDONLY), -EINVAL);
  assert.equal(syscalls.open('é'.repeat(2048), OPEN.RDONLY), -ENAMETOOLONG);
});

test('succeed() throws a SystemError with operation, errno and path', () => {
  assert.equal(succeed(7, 'open', '/x'), 7);
  assert.throws(() => succeed(-ENOENT, 'open', '/x'), (error: unknown) => {
    assert(error instanceof SystemError);
    assert.equal(error.message, 'open "/x": no such file or directory');
    assert.deepEqual(error.details, { operation: 'open', errno: 'ENOENT', path: '/x' });
    return true;
  });
});

test('times are kept to the nanosecond, also before 1970 and on links', scratch((directory) => {
  const path = join(directory, 'file');
  const fd = succeed(syscalls.open(path, OPEN.CREAT | OPEN.WRONLY | OPEN.CLOEXEC, 0o600), 'open');
  const mtime = { seconds: -5, nanoseconds: 123456789 };
  assert.equal(syscalls.futimens(fd, mtime, mtime), 0);
  assert.equal(syscalls.close(fd), 0);
  assert.equal(lstatSync(path, { bigint: true }).mtimeNs, -4876543211n);
  const link = join(directory, 'link');
  assert.equal(syscalls.symlink('nowhere', link), 0);
  assert.equal(syscalls.lutimens(link, mtime, { seconds: 4_000_000_000, nanoseconds: 1 }), 0);
  assert.equal(lstatSync(link, { bigint: true }).mtimeNs, 4_000_000_000_000_000_001n);
}));

test('names need not be UTF-8', scratch((directory) => {
  const path = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0x66, 0xff, 0xe9])]);
  assert.equal(syscalls.mkdir(path, 0o700), 0);
  assert(lstatSync(path).isDirectory());
}));

test('writes are complete and may be placed beyond 4 GiB', scratch((directory) => {
  const path = join(directory, 'sparse');
  const fd = succeed(syscalls.open(path, OPEN.CREAT | OPEN.RDWR | OPEN.CLOEXEC, 0o600), 'open');
  assert.equal(syscalls.pwrite(fd, Buffer.from('end'), 5_000_000_000), 3);
  assert.equal(syscalls.write(fd, Buffer.from('start')), 5);
  assert.equal(syscalls.ftruncate(fd, 6_000_000_000), 0);
  const bytes = Buffer.alloc(3);
  assert.equal(syscalls.read(fd, bytes, 5_000_000_000), 3);
  assert.equal(String(bytes), 'end');
  assert.equal(lstatSync(path).size, 6_000_000_000);
  syscalls.close(fd);
}));

test('openat2 refuses links and escapes as asked', scratch((directory) => {
  writeFileSync(join(directory, 'file'), 'x');
  symlinkSync('file', join(directory, 'link'));
  const at = succeed(syscalls.open(directory, OPEN.RDONLY | OPEN.DIRECTORY), 'open');
  const how = { flags: OPEN.RDONLY | OPEN.CLOEXEC, resolve: RESOLVE.NO_SYMLINKS | RESOLVE.BENEATH };
  const fd = syscalls.openat2(at, 'file', how);
  assert(fd >= 0);
  assert.equal(syscalls.openat2(at, 'link', how), -ELOOP);
  assert.equal(syscalls.openat2(at, '../x', how), -EXDEV);
  syscalls.close(fd);
  syscalls.close(at);
}));

test('extended attributes are listed with their values, empty ones too', scratch((directory) => {
  const path = join(directory, 'file');
  writeFileSync(path, 'x');
  assert.equal(syscalls.lsetxattr(path, 'user.one', Buffer.from([0, 1, 255])), 0);
  assert.equal(syscalls.lsetxattr(path, 'user.none', Buffer.alloc(0)), 0);
  const found = getExtendedAttributes(path).filter(({ name }) => name.startsWith('user.'));
  found.sort((left, right) => (left.name < right.name ? -1 : 1));
  assert.deepEqual(found, [
    { name: 'user.none', value: Buffer.alloc(0) },
    { name: 'user.one', value: Buffer.from([0, 1, 255]) },
  ]);
  assert.equal(syscalls.lremovexattr(path, 'user.one'), 0);
}));

test('mknod makes a fifo, link a second name, rename and unlink move and remove', scratch((dir) => {
  const [fifo, second, third] = ['a', 'b', 'c'].map((name) => join(dir, name)) as [
    string, string, string];
  assert.equal(syscalls.mknod(fifo, MODE.FIFO | 0o600, 0), 0);
  assert.equal(syscalls.link(fifo, second), 0);
  assert.equal(lstatSync(fifo).nlink, 2);
  assert.equal(syscalls.rename(second, third), 0);
  assert.equal(syscalls.unlink(third), 0);
  assert.equal(syscalls.unlink(fifo), 0);
  assert.equal(syscalls.readlink(fifo, Buffer.alloc(10)), -ENOENT);
}));

test('directory calls stay with the directory behind a descriptor', scratch((directory) => {
  const at = succeed(syscalls.open(directory, OPEN.RDONLY | OPEN.DIRECTORY), 'open');
  assert.equal(syscalls.mkdirat(at, 'sub', 0o700), 0);
  assert.equal(syscalls.symlinkat('x', at, 'link'), 0);
  assert.equal(syscalls.fchmodat(at, 'sub', 0o2755), 0);
  assert.equal(lstatSync(join(directory, 'sub')).mode & MODE.PERMISSIONS, 0o2755);
  assert.equal(syscalls.unlinkat(at, 'sub', AT.REMOVEDIR), 0);
  assert.equal(syscalls.unlinkat(at, 'link', 0), 0);
  syscalls.close(at);
}));

test('execve hands over arguments, environment and exactly the kept descriptors', scratch((dir) => {
  const file = join(dir, 'in');
  writeFileSync(file, 'payload');
  const index = new URL('../src/index.ts', import.meta.url).pathname;
  const program = `
    import { openSync } from 'node:fs';
    import { execve } from ${JSON.stringify(index)};
    const kept = openSync(${JSON.stringify(file)}, 'r');
    const lost = openSync(${JSON.stringify(file)}, 'r');
    execve({
      path: '/bin/sh',
      argv: ['sh', '-c', 'cat /proc/self/fd/'+kept+'; echo " $1 $WORD"; ' +
        'test ! -e /proc/self/fd/'+lost, 'sh', 'ärgument'],
      environment: { WORD: 'wörd', PATH: '/usr/bin:/bin' },
      keepDescriptors: [kept],
    });`;
  const script = join(dir, 'program.mts');
  writeFileSync(script, program);
  const done = spawnSync(process.execPath, [...process.execArgv, script], { encoding: 'utf8' });
  assert.equal(done.stderr, '');
  assert.equal(done.stdout, 'payload ärgument wörd\n');
  assert.equal(done.status, 0);
}));

test('execve of what is not there throws and the process goes on', () => {
  const index = new URL('../src/index.ts', import.meta.url).pathname;
  const program = `import(${JSON.stringify(index)}).then(({ execve }) => {
    try {
      execve({ path: '/no/such', argv: ['x'], environment: {}, keepDescriptors: [] });
    } catch (error) { console.log(error.message); }
  });`;
  const done = spawnSync(process.execPath, [...process.execArgv, '-e', program], {
    encoding: 'utf8',
  });
  assert.equal(done.stdout, 'execute "/no/such": no such file or directory\n');
});

test('the mode of a new file is the one asked for under an empty umask', scratch((directory) => {
  const before = syscalls.umask(0);
  const path = join(directory, 'file');
  syscalls.close(succeed(syscalls.open(path, OPEN.CREAT | OPEN.WRONLY, 0o666), 'open'));
  assert.equal(syscalls.umask(before), 0);
  assert.equal(lstatSync(path).mode & MODE.PERMISSIONS, 0o666);
  assert.equal(readFileSync(path, 'utf8'), '');
}));

test('what is written to a pipe comes out of it, until nobody holds its other end', () => {
  const ends = new Int32Array(2);
  assert.equal(syscalls.pipe(ends), 0);
  const [reading = -1, writing = -1] = ends;
  assert.equal(syscalls.write(writing, Buffer.from('word')), 4);
  syscalls.close(writing);
  const bytes = Buffer.alloc(8);
  assert.equal(syscalls.read(reading, bytes), 4);
  assert.equal(bytes.toString('latin1', 0, 4), 'word');
  assert.equal(syscalls.read(reading, bytes), 0);
  syscalls.close(reading);
});
