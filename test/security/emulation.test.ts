/**
 * Attacks on the emulation of root where one id is mapped: a program that changes what it asked
 * for while it is being answered must not reach a file that is not the container's own.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from '../e2e/harness.ts';
import { openOneId } from '../e2e/one-id.ts';

const lab = openLab();
const { run } = openOneId(lab);
const PROGRAMS = path.join(lab.folder, 'programs');
const SECRET = path.join(lab.folder, 'host/secret');

/** A static program made from C. */
function compile(name: string, source: string): void {
  const file = path.join(PROGRAMS, `${name}.c`);
  writeFileSync(file, `#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
${source}`);
  execFileSync('cc', ['-static', '-O1', '-w', '-pthread', '-o', path.join(PROGRAMS, name), file]);
}

/** Everything of the host's file that an attack would change. */
function traces(): string {
  const { uid, gid, mode, ctimeMs } = statSync(SECRET);
  const attributes = execFileSync('getfattr', ['--absolute-names', '-d', '-m', '-', SECRET], {
    encoding: 'utf8',
  });
  return `${uid}:${gid} ${mode.toString(8)} ${ctimeMs} ${attributes}`;
}

const MOUNTS = `-v '${PROGRAMS}:/programs:ro' -v '${path.dirname(SECRET)}:/host'`;

before(async () => {
  for (const folder of [PROGRAMS, path.dirname(SECRET)]) {
    mkdirSync(folder);
    chmodSync(folder, 0o755);
  }
  writeFileSync(SECRET, 'secret\n');
  chmodSync(SECRET, 0o4755);
  const root = path.join(lab.folder, 'root');
  mkdirSync(path.join(root, 'own'), { recursive: true });
  execFileSync('sh', ['-c', `cd '${root}' && mkdir bin && cp /bin/busybox bin/ &&
    for name in sh ln mkdir sleep touch cat kill; do ln -s busybox bin/$name; done &&
    tar -cf '${lab.folder}/root.tar' .`]);
  await run(`berth import -q '${lab.folder}/root.tar' small`);
});
lab.atEnd(async () => {
  await run('berth rm -f -t 0 --all; berth rmi --all --force');
});

test('a path that changes while it is read leads to no file of the host', async () => {
  compile('memory', `
    static char path[16] = "/own/file";
    static volatile int done;
    static void *flip(void *unused) {
      while (!done) { memcpy(path, "/host/secret", 13); memcpy(path, "/own/file\\0\\0\\0", 13); }
      return NULL;
    }
    int main(void) {
      pthread_t thread;
      close(open("/own/file", O_CREAT | O_RDWR, 0644));
      pthread_create(&thread, NULL, flip, NULL);
      for (int i = 0; i < 3000; i++) chown(path, 7, 7);
      done = 1;
      pthread_join(thread, NULL);
      return 0;
    }`);
  const earlier = traces();
  await run(`berth run --rm ${MOUNTS} small /programs/memory`);
  assert.equal(traces(), earlier);
});

test('links and folders that are exchanged meanwhile lead to no file of the host', async () => {
  compile('links', `
    static volatile int done;
    static void *flip(void *unused) {
      while (!done) {
        renameat2(AT_FDCWD, "/own/a", AT_FDCWD, "/own/b", RENAME_EXCHANGE);
        rename("/own/link", "/own/other"); symlink("/host/secret", "/own/link");
      }
      return NULL;
    }
    int main(void) {
      pthread_t thread;
      mkdir("/own/a", 0755);
      close(open("/own/a/secret", O_CREAT | O_RDWR, 0644));
      symlink("/host", "/own/b");
      symlink("/own/a/secret", "/own/link");
      pthread_create(&thread, NULL, flip, NULL);
      for (int i = 0; i < 2000; i++) {
        chown("/own/a/secret", 7, 7); chown("/own/link", 7, 7);
        mknod("/own/a/device", S_IFCHR | 0600, 259); unlink("/own/a/device");
      }
      done = 1;
      pthread_join(thread, NULL);
      return access("/host/device", F_OK) == 0;
    }`);
  const earlier = traces();
  await run(`berth run --rm ${MOUNTS} small /programs/links`);
  assert.equal(traces(), earlier);
});

test('descriptors, roots and working directories lead to no file of the host', async () => {
  compile('descriptors', `
    int main(void) {
      char name[32];
      int file = open("/host/secret", O_RDONLY), folder = open("/host", O_PATH);
      int location = open("/host/secret", O_PATH);
      fchown(file, 7, 7);
      fchownat(location, "", 7, 7, AT_EMPTY_PATH);
      fchownat(folder, "secret", 7, 7, 0);
      snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
      chown(name, 7, 7);
      chown("/proc/1/root/host/secret", 7, 7);
      chdir("/host");
      chown("secret", 7, 7); chown("../host/secret", 7, 7); lchown("./secret", 7, 7);
      mknod("device", S_IFCHR | 0600, 259); mknodat(folder, "device", S_IFBLK | 0600, 259);
      chroot("/host");
      chown("/secret", 7, 7); chown("/../../../../../etc/passwd", 7, 7);
      return access("/device", F_OK) == 0;
    }`);
  const earlier = traces();
  await run(`berth run --rm ${MOUNTS} small /programs/descriptors`);
  assert.equal(traces(), earlier);
});

test('a user namespace made inside gives no right to the container\'s files', async () => {
  compile('nested', `
    static void put(const char *file, const char *text) {
      int fd = open(file, O_WRONLY);
      write(fd, text, strlen(text));
      close(fd);
    }
    int main(void) {
      close(open("/own/file", O_CREAT | O_RDWR, 0644));
      if (unshare(CLONE_NEWUSER) != 0) return 1;
      put("/proc/self/setgroups", "deny");
      put("/proc/self/uid_map", "0 0 1"); put("/proc/self/gid_map", "0 0 1");
      /* The kernel's answers: no such id, no device in a namespace that is not the first. */
      if (chown("/own/file", 7, 7) != -1 || errno != EINVAL) return 2;
      if (mknod("/own/device", S_IFCHR | 0600, 259) != -1 || errno != EPERM) return 3;
      if (chown("/own/file", 0, 0) != 0) return 4;
      return access("/own/device", F_OK) == 0;
    }`);
  await run(`berth run --rm ${MOUNTS} small /programs/nested`);
});

test('callers that are killed while they wait leave the others their answers', async () => {
  compile('killed', `
    int main(void) {
      close(open("/own/file", O_CREAT | O_RDWR, 0644));
      for (int i = 0; i < 300; i++) {
        pid_t pid = fork();
        if (pid == 0) for (;;) chown("/own/file", 7, 7);
        usleep(200);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
      }
      return chown("/own/file", 8, 8) == 0 ? 0 : 1;
    }`);
  await run(`berth run --rm ${MOUNTS} small /programs/killed`);
});

test('bad memory, descriptors and flags are errors and nothing more', async () => {
  compile('bad', `
    #define EXPECT(call, error) if ((call) != -1 || errno != (error)) \\
      { printf("%s: %m\\n", #call); return 1; }
    int main(void) {
      static char endless[8192];
      memset(endless, 'a', sizeof(endless) - 1);
      EXPECT(chown((char *)1, 7, 7), EFAULT);
      EXPECT(chown(endless, 7, 7), ENAMETOOLONG);
      EXPECT(chown("", 7, 7), ENOENT);
      EXPECT(chown("/missing", 7, 7), ENOENT);
      EXPECT(chown("/bin/busybox/x", 7, 7), ENOTDIR);
      EXPECT(fchown(999, 7, 7), EBADF);
      EXPECT(fchownat(999, "x", 7, 7, 0), EBADF);
      EXPECT(fchownat(AT_FDCWD, "/own", 7, 7, 0x40000000), EINVAL);
      EXPECT(mknod("/own", S_IFCHR, 259), EEXIST);
      EXPECT(mknod("/", S_IFCHR, 259), EEXIST);
      EXPECT(mknod("/missing/x", S_IFCHR, 259), ENOENT);
      symlink("loop", "/own/loop");
      EXPECT(chown("/own/loop", 7, 7), ELOOP);
      return 0;
    }`);
  assert.equal(await run(`berth run --rm ${MOUNTS} small /programs/bad`), '');
});

test('CVE-2014-8989, CVE-2018-7169: no group is dropped, whatever setgroups answers', async () => {
  compile('groups', `
    int main(void) {
      gid_t earlier[64], later[64];
      int count = getgroups(64, earlier);
      if (setgroups(0, NULL) != 0 || setgid(5) != 0) return 1;
      if (getgroups(64, later) != count || memcmp(earlier, later, count * sizeof(gid_t))) return 2;
      return getegid() != 0;
    }`);
  const said = await run(`berth run --rm ${MOUNTS} small /programs/groups
    berth run --rm small cat /proc/self/setgroups
    berth run --rm -u 5 small cat /proc/self/setgroups`);
  assert.equal(said, 'deny\ndeny');
});
