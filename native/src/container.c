/* Makes the container's processes: the first one with its namespaces and file systems, later ones
 * by joining. container.h has the order of messages between them and the supervisor. */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handshake.h"
#include "namespaces.h"
#include "process.h"
#include "setup.h"

/* ---- inside ---- */

/* The supervisor's signal handlers and mask must not be passed on to the container. */
static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* If the kernel has no such address family, there is no loopback to bring up. */
static int raise_loopback(struct failure *failure)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return 0;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		error = errno;
	close(fd);
	return error == 0 ? 0 : fail(failure, "bring up", "lo", error);
}

static int write_oom_score(const struct plan *plan, struct failure *failure)
{
	const char *value = plan_value(plan, OP_OOM_SCORE_ADJ, 0);
	struct statfs fs;
	int64_t number;
	int fd, error = 0;

	if (value == NULL)
		return 0;
	if (!parse_signed(value, -1000, 1000, &number))
		return fail(failure, "set oom score", value, EINVAL);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC ||
	    write(fd, value, strlen(value)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	return error == 0 ? 0 : fail(failure, "set oom score", value, error);
}

/* Sets up what needs the container's namespaces but none of its files. */
static int set_up_system(const struct plan *plan, const struct namespaces *wanted,
			 struct failure *failure)
{
	const char *name = plan_value(plan, OP_HOSTNAME, 0);

	if (name != NULL && ((wanted->made | wanted->joined) & CLONE_NEWUTS) == 0)
		return fail_because(failure, "set host name", name,
				    "the uts namespace is the host's", 0);
	/* EPERM: an engine above us forbids it with a filter. The host name then stays. */
	if (name != NULL && sethostname(name, strlen(name)) < 0 && errno != EPERM)
		return fail(failure, "set host name", name, errno);
	if ((wanted->made & CLONE_NEWNET) != 0 && raise_loopback(failure) < 0)
		return -1;
	/* When a pid namespace is joined, container_clone() has set it before step_in(). */
	return (wanted->joined & CLONE_NEWPID) != 0 ? 0 : write_oom_score(plan, failure);
}

/* Carries out the records that make the container's file systems, in the plan's order. */
static int set_up_files(struct setup *setup)
{
	static int (*const stages[OP_COUNT_])(struct setup *, const struct plan_record *) = {
		[OP_MOUNT] = setup_mount,	[OP_BIND] = setup_bind,
		[OP_COPY_UP] = setup_copy_up,	[OP_DEV_SETUP] = setup_dev,
		[OP_DEV_NODE] = setup_dev_node,	[OP_MASK] = setup_mask,
		[OP_READONLY_PATH] = setup_readonly_path, [OP_SYMLINK] = setup_symlink,
		[OP_ACCOUNT] = setup_account,	[OP_GIVE] = setup_give_tree,
		[OP_OVERLAY_BIND] = setup_overlay_bind,
	};

	bool has_sysctls = false;

	if (setup_root(setup) < 0)
		return -1;
	for (size_t i = 0; i < setup->plan->record_count; i++) {
		const struct plan_record *record = &setup->plan->records[i];

		/* The sysctls come first: /proc/sys is about to become read-only. */
		if (!has_sysctls && (record->op == OP_MASK || record->op == OP_READONLY_PATH)) {
			if (setup_sysctls(setup) < 0)
				return -1;
			has_sysctls = true;
		}
		if (stages[record->op] != NULL && stages[record->op](setup, record) < 0)
			return -1;
	}
	if (!has_sysctls && setup_sysctls(setup) < 0)
		return -1;
	return setup_pivot(setup);
}

static int host_pid(void)
{
	char text[16] = "";

	return readlink("/proc/self", text, sizeof(text) - 1) < 0 ? 0 : atoi(text);
}

_Noreturn static void give_up(int sync, const struct failure *failure)
{
	handshake_send(sync, HANDSHAKE_FAILED, 0, -1, failure);
	_exit(failure->status == 0 ? EXIT_ENGINE : failure->status);
}

/**
 * run_first() - The container's first process, from its birth to its program
 *
 * Should:
 *   - tell of the network namespace before anything slow, so that the network helper overlaps
 *   - wait for the supervisor's word with everything done but the filter and the program
 * Mustn't:
 *   - touch a path of the host after set_up_files(), which leaves none
 */
_Noreturn static void run_first(const struct plan *plan, const struct namespaces *wanted,
				const struct container_stdio *stdio, int sync)
{
	static struct failure failure;
	struct setup setup = {plan, &failure, stdio->root > 0 ? stdio->root : -1,
			      -1, -1, -1, -1, -1};
	bool own_net = ((wanted->made | wanted->joined) & CLONE_NEWNET) != 0;
	int net = -1;
	ssize_t got;
	char go;

	reset_signals();
	umask(022);	/* so that mount targets get the usual modes */
	if (namespaces_join(wanted, ~CLONE_NEWPID, &failure) < 0)
		give_up(sync, &failure);
	if (own_net)
		net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	handshake_send(sync, HANDSHAKE_HELLO, host_pid(), net, NULL);
	if (net >= 0)
		close(net);
	if (set_up_system(plan, wanted, &failure) < 0 || set_up_files(&setup) < 0 ||
	    process_prepare(plan, stdio, -1, setup.tty, &setup.terminal, &sync, &failure) < 0)
		give_up(sync, &failure);
	handshake_send(sync, HANDSHAKE_READY, 0, setup.terminal, NULL);
	while ((got = read(sync, &go, 1)) < 0 && errno == EINTR)
		;
	if (got != 1)
		_exit(EXIT_ENGINE);
	process_execute(plan, sync, &failure);
	give_up(sync, &failure);
}

/* ---- outside ---- */

static pid_t clone_process(uint64_t flags)
{
	/* With CLONE_PARENT the child sends the exit signal that was chosen for its parent. */
	struct clone_args args = {
		.flags = flags,
		.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

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

/**
 * step_in() - In an intermediate process: join a pid namespace, then start the process in it
 *
 * The new process is the supervisor's child, not this one's. All that it will not need is closed
 * before it can be seen from inside the namespace.
 *
 * Return: in the new process 0; this one doesn't return.
 */
static int step_in(int sync, uint64_t flags)
{
	struct failure failure = {0};
	int gate[2];
	pid_t pid = pipe2(gate, O_CLOEXEC) < 0 ? -1 : clone_process(flags | CLONE_PARENT);
	char byte;

	if (pid == 0) {
		/* Its messages must follow FORKED: the gate opens when the other process ends. */
		close(gate[1]);
		while (read(gate[0], &byte, 1) < 0 && errno == EINTR)
			;
		close(gate[0]);
		return 0;
	}
	if (pid < 0) {
		fail(&failure, "start process", "", errno);
		give_up(sync, &failure);
	}
	handshake_send(sync, HANDSHAKE_FORKED, pid, -1, NULL);
	_exit(0);
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
	pid = clone_process(stepping ? 0 : (uint64_t)wanted.made);
	if (pid == 0) {
		static struct failure own;

		close(process->sync);
		/* A process that is not dumpable can't write this file of /proc/self. */
		if (stepping && (write_oom_score(plan, &own) < 0 ||
				 namespaces_join(&wanted, CLONE_NEWPID, &own) < 0))
			give_up(child, &own);
		if (stepping) {
			prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
			step_in(child, (uint64_t)wanted.made);
		}
		run_first(plan, &wanted, stdio, child);
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

/* The lowest descriptor from @from on that an exec'd process still needs; -1 if there is none. */
static int next_kept(const struct container_stdio *stdio, const int others[2], int from)
{
	int lowest = -1;

	for (size_t i = 0; i < 5 + stdio->preserved_count; i++) {
		int fd = i < 2 ? others[i] : i < 5 ? stdio->stdio[i - 2] : stdio->preserved[i - 5];

		if (fd >= from && (lowest < 0 || fd < lowest))
			lowest = fd;
	}
	return lowest;
}

/* Files opened later must not take the numbers of the standard descriptors, nor of preserved ones.
 * These become /dev/null here, and are replaced before the program runs. */
static void close_others(const struct container_stdio *stdio, int keep, int also)
{
	const int others[2] = {keep, also};
	int from = 3, kept;

	while ((kept = next_kept(stdio, others, from)) >= 0) {
		if (kept > from)
			close_range((unsigned)from, (unsigned)kept - 1, 0);
		from = kept + 1;
	}
	close_range((unsigned)from, ~0U, 0);
	for (int fd = 3; fd < 3 + (int)stdio->preserved_count; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			dup2(STDIN_FILENO, fd);
}

/**
 * run_later() - The intermediate process of an exec, then the process itself
 *
 * Should:
 *   - set what belongs to the host's procfs before the container's files are all there is
 * Mustn't:
 *   - be dumpable or hold a descriptor of ours from the moment that it can be seen inside
 */
_Noreturn static void run_later(int init, int flags, const struct plan *exec_plan,
				const struct container_stdio *stdio, int sync)
{
	static struct failure failure;
	int terminal = -1, above;

	reset_signals();
	if (write_oom_score(exec_plan, &failure) < 0)
		give_up(sync, &failure);
	close_others(stdio, init, sync);
	if (setns(init, flags) < 0) {
		fail(&failure, "join container", "", errno);
		give_up(sync, &failure);
	}
	/* Its user namespace is the last that is joined, if it has one. */
	above = plan_find(exec_plan, OP_CONTAINER_UID_MAP) == NULL
		? -1 : fcntl(init, F_DUPFD_CLOEXEC, 3 + (int)stdio->preserved_count);
	close(init);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	step_in(sync, 0);
	if (process_prepare(exec_plan, stdio, above, -1, &terminal, &sync, &failure) < 0)
		give_up(sync, &failure);
	handshake_send(sync, HANDSHAKE_READY, 0, terminal, NULL);
	process_execute(exec_plan, sync, &failure);
	give_up(sync, &failure);
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
	intermediate = clone_process(0);
	if (intermediate == 0)
		run_later(init->pidfd, wanted.made | wanted.joined, exec_plan, stdio, child);
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
