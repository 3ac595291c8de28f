/** Static programs made from C on the spot, for attacks that no shell can make. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab } from '../e2e/harness.ts';

/** The path of a program, in a folder that containers may read. */
export function program(lab: Lab, name: string, source: string): string {
  const folder = path.join(lab.folder, 'programs');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(`${file}.c`, source);
  execFileSync('cc', ['-static', '-O1', '-w', '-o', file, `${file}.c`]);
  chmodSync(folder, 0o755);
  return file;
}

/** Swaps two names for ever, as fast as the kernel can: `swap A B`. */
export const SWAP = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	for (;;)
		renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE);
}
`;

/** Tries every system call with arguments that do no harm; prints number and errno of each. */
export const PROBE = `
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
int main(void)
{
	for (int number = 0; number < 463; number++) {
		int status, pid;
		if (number == SYS_fork || number == SYS_vfork || number == SYS_clone)
			continue;
		pid = fork();
		if (pid == 0) {
			ualarm(100000, 0);
			_exit(syscall(number, -1, -1, -1, -1, -1, -1) < 0 ? errno : 0);
		}
		waitpid(pid, &status, 0);
		printf("%d %d\\n", number, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	}
	return 0;
}
`;

/**
 * `keys with-key COMMAND…` starts the command with a key in a session keyring of its own;
 * `keys find` looks for that key.
 */
export const KEYS = `
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <linux/keyctl.h>
static void find(const char *where)
{
	int keyring = KEY_SPEC_SESSION_KEYRING;
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, keyring, "user", "berth-test", 0);
	printf("%s: %s\\n", where, key < 0 ? "not found" : "found");
	fflush(stdout);
}
int main(int argc, char **argv)
{
	if (strcmp(argv[1], "find") == 0) {
		find("inside");
		return 0;
	}
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	int keyring = KEY_SPEC_SESSION_KEYRING;
	long key = syscall(SYS_add_key, "user", "berth-test", "secret", 6, keyring);
	/* Whoever has the keyring may find it, under any user id. */
	syscall(SYS_keyctl, KEYCTL_SETPERM, key, 0x3f3f3f3f);
	find("outside");
	execvp(argv[2], argv + 2);
	return 1;
}
`;

/**
 * Tries to trace every other process, for ever. Of those that it can trace it writes to /seen what
 * they run, and whether that file can be written.
 */
export const TRACER = `
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
	char path[64], exe[4096], last[4096] = "";
	int seen = open("/seen", O_WRONLY | O_CREAT | O_APPEND, 0644);

	for (;;) {
		DIR *proc = opendir("/proc");
		for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
			int pid = atoi(entry->d_name), memory;
			ssize_t got;

			if (pid <= 1)
				continue;
			snprintf(path, sizeof(path), "/proc/%d/mem", pid);
			memory = open(path, O_RDWR);
			if (memory < 0)
				continue;
			close(memory);
			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			got = readlink(path, exe, sizeof(exe) - 1);
			if (got <= 0)
				continue;
			exe[got] = 0;
			if (strcmp(exe, last) == 0)
				continue;
			/* open(2) would say only that it is busy, for as long as it runs. */
			errno = access(path, W_OK) < 0 ? errno : 0;
			/* It has ended meanwhile: the next one is asked. */
			if (errno == ENOENT || errno == ESRCH)
				continue;
			dprintf(seen, "%s: %s\\n", exe, errno ? strerror(errno) : "writable");
			strcpy(last, exe);
		}
		closedir(proc);
	}
}
`;
