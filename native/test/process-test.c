/* Which descriptors a program gets: the file itself is compiled, since that step is its own. */
#include "../src/process.c"

#include <sys/wait.h>

#include "unit.h"

/* Run in a process of its own, whose status is the number of what is wrong. */
static int after_fork(int (*steps)(void))
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(steps());
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static bool closes(int fd)
{
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

/* Descriptors that somebody forgot to mark, below and far above those that the program gets. */
static int leave_some_open(void)
{
	struct container_stdio stdio = {0};
	struct failure failure = {0};
	int null = open("/dev/null", O_RDWR), folder = open("/", O_PATH | O_DIRECTORY), sync;

	sync = fcntl(null, F_DUPFD, 20);
	if (dup2(folder, 5) != 5 || dup2(folder, 40) != 40 || dup2(folder, 900) != 900)
		return 1;
	for (int i = 0; i < 3; i++)
		stdio.stdio[i] = null;
	stdio.preserved_count = 1;
	stdio.preserved = &null;
	if (take_descriptors(&stdio, -1, &sync, &failure) < 0)
		return 2;
	for (int fd = 0; fd < 4; fd++) {
		if (fcntl(fd, F_GETFD) != 0)
			return 3;
	}
	for (int fd = 4; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 && !closes(fd))
			return 4;
	}
	return closes(sync) ? 0 : 5;
}

/* CVE-2024-21626 */
static void keeps_no_descriptor_for_the_program(void)
{
	CHECK(after_fork(leave_some_open) == 0);
}

int main(void)
{
	RUN(keeps_no_descriptor_for_the_program);
	return unit_end("descriptors of a program");
}
