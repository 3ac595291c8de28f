/* The shortest way from a plan to a running container, with no supervisor: `thin PLAN [EXEC_PLAN]`.
 * It exits with the container's status, or that of the exec'd process. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "userns.h"

_Noreturn void init_reap(pid_t child) __attribute__((weak));

_Noreturn void init_reap(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WEXITSTATUS(status));
}

static struct plan plan;

static int start(const char *path, struct container_process *process, struct failure *failure)
{
	static struct userns userns;
	const struct container_stdio stdio = {.stdio = {0, 1, 2}};
	int fd = open(path, O_RDONLY | O_CLOEXEC), lock = -1;

	if (plan_read(fd, &plan, failure) < 0 || userns_from_plan(&plan, &userns, failure) < 0 ||
	    userns_enter(&userns, userns.keepers == NULL ? NULL : &lock, failure) < 0)
		return -1;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return fail(failure, "create mount namespace", "", errno);
	if (lock >= 0 && userns_publish(userns.keepers, lock, getpid(), failure) < 0)
		return -1;
	if (container_clone(&plan, &stdio, process, failure) < 0 ||
	    container_hello(process, failure) < 0 || container_ready(process, failure) < 0 ||
	    container_release(process, failure) < 0)
		return -1;
	return container_started(process, failure);
}

static int start_exec(const char *path, const struct container_process *init,
		      struct container_process *process, struct failure *failure)
{
	static struct plan exec_plan;
	const struct container_stdio stdio = {.stdio = {0, 1, 2}};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (plan_read(fd, &exec_plan, failure) < 0 ||
	    container_exec(init, &plan, &exec_plan, &stdio, process, failure) < 0 ||
	    container_ready(process, failure) < 0)
		return -1;
	return container_started(process, failure);
}

static void copy_terminal(int terminal)
{
	char buffer[4096];
	ssize_t got;

	while (terminal >= 0 && (got = read(terminal, buffer, sizeof(buffer))) > 0) {
		if (write(STDOUT_FILENO, buffer, (size_t)got) != got)
			break;
	}
}

int main(int argc, char **argv)
{
	struct container_process init, process;
	struct failure failure = {0};
	int status, result;

	if (argc < 2)
		return 2;
	result = start(argv[1], &init, &failure);
	process = init;
	if (result == 0 && argc > 2)
		result = start_exec(argv[2], &init, &process, &failure);
	if (result < 0) {
		failure_print(&failure, STDERR_FILENO);
		return failure.status;
	}
	copy_terminal(process.terminal);
	while (waitpid(process.pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
