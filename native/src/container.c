/* Makes the container's processes, and follows them until they execute: the supervisor's side.
 * container.h has the order of messages; inside.c is the other side. */
#include "container.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handshake.h"
#include "inside.h"
#include "namespaces.h"

static int start_socket(struct container_process *process, int *child, struct failure *failure)
{
	int pair[2];

	*process = (struct container_process){
		.pid = -1, .pidfd = -1, .sync = -1, .netns = -1, .terminal = -1, .listener = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(failure, "start container", "", errno);
	process->sync = pair[0];
	*child = pair[1];
	return 0;
}

/* Cleans up after a start that failed here. Return: -1. */
static int abandon(struct container_process *process)
{
	if (process->sync >= 0)
		close(process->sync);
	process->sync = -1;
	return -1;
}

/* Waits for the intermediate process to report, and to end. */
static int take_stepped(pid_t intermediate, struct container_process *process,
			struct failure *failure)
{
	struct handshake_message message;
	int fd, result = handshake_expect(process->sync, HANDSHAKE_FORKED, &message, &fd, failure);

	while (waitpid(intermediate, NULL, 0) < 0 && errno == EINTR)
		;
	if (result < 0)
		return -1;
	process->pid = message.pid;
	return 0;
}

int container_clone(const struct plan *plan, const struct container_stdio *stdio,
		    struct container_process *process, struct failure *failure)
{
	struct namespaces wanted;
	int child, result = 0;
	bool stepping;
	pid_t pid;

	if (namespaces_read(plan, &wanted, failure) < 0 ||
	    start_socket(process, &child, failure) < 0)
		return -1;
	stepping = (wanted.joined & CLONE_NEWPID) != 0;
	pid = inside_clone(stepping ? 0 : (uint64_t)wanted.made);
	if (pid == 0) {
		static struct failure own;

		close(process->sync);
		/* A process that is not dumpable can't write this file of /proc/self. */
		if (stepping && (inside_write_oom_score(plan, &own) < 0 ||
				 namespaces_join(&wanted, CLONE_NEWPID, &own) < 0))
			inside_give_up(child, &own);
		if (stepping) {
			prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
			inside_step(child, (uint64_t)wanted.made);
		}
		inside_first(plan, &wanted, stdio, child);
	}
	close(child);
	if (pid < 0)
		result = fail(failure, "create namespaces", "", errno);
	else if (stepping)
		result = take_stepped(pid, process, failure);
	else
		process->pid = pid;
	if (result == 0)
		process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (result == 0 && process->pidfd < 0)
		result = fail(failure, "open process", "", errno);
	return result < 0 ? abandon(process) : 0;
}

int container_hello(struct container_process *process, struct failure *failure)
{
	struct handshake_message message;

	if (handshake_expect(process->sync, HANDSHAKE_HELLO, &message, &process->netns,
			     failure) < 0)
		return abandon(process);
	process->host_pid = message.pid;
	return 0;
}

int container_ready(struct container_process *process, struct failure *failure)
{
	struct handshake_message message;

	if (handshake_expect(process->sync, HANDSHAKE_READY, &message, &process->terminal,
			     failure) < 0)
		return abandon(process);
	return 0;
}

int container_release(struct container_process *process, struct failure *failure)
{
	if (send(process->sync, "", 1, MSG_NOSIGNAL) == 1)
		return 0;
	fail(failure, "start container", "", errno);
	return abandon(process);
}

int container_started(struct container_process *process, struct failure *failure)
{
	struct handshake_message message;
	int fd, got = handshake_receive(process->sync, &message, &fd, failure);

	if (got > 0 && message.kind == HANDSHAKE_LISTENER) {
		process->listener = fd;
		process->root_device = message.device;
		process->root_mount = message.mount;
		return 1;
	}
	if (got > 0)
		got = fail(failure, "start container", "", EPROTO);
	abandon(process);
	return got;
}

int container_exec(const struct container_process *init, const struct plan *plan,
		   const struct plan *exec_plan, const struct container_stdio *stdio,
		   struct container_process *process, struct failure *failure)
{
	struct namespaces wanted;
	pid_t intermediate;
	int child, result;

	if (namespaces_read(plan, &wanted, failure) < 0 ||
	    start_socket(process, &child, failure) < 0)
		return -1;
	intermediate = inside_clone(0);
	if (intermediate == 0)
		inside_later(init->pidfd, wanted.made | wanted.joined, exec_plan, stdio, child);
	close(child);
	if (intermediate < 0)
		result = fail(failure, "start process", "", errno);
	else
		result = take_stepped(intermediate, process, failure);
	if (result == 0)
		process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (result == 0 && process->pidfd < 0)
		result = fail(failure, "open process", "", errno);
	return result < 0 ? abandon(process) : 0;
}
