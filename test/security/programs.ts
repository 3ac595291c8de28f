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
