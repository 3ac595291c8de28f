/* inside.c - the container's side of container.c: the first process and every later one, from their
 * birth to their program. */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "descriptors.h"
#include "handshake.h"
#include "process.h"
#include "setup.h"
#include "signals.h"
#include "socket.h"

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

int inside_write_oom_score(const struct plan *plan, struct failure *failure)
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
	/* When a pid namespace is joined, container_clone() has set it before inside_step(). */
	return (wanted->joined & CLONE_NEWPID) != 0 ? 0 : inside_write_oom_score(plan, failure);
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

_Noreturn void inside_give_up(int sync, const struct failure *failure)
{
	handshake_send(sync, HANDSHAKE_FAILED, 0, -1, failure);
	_exit(failure->status == 0 ? EXIT_ENGINE : failure->status);
}

_Noreturn void inside_first(const struct plan *plan, const struct namespaces *wanted,
			    const struct container_stdio *stdio, int sync)
{
	static struct failure failure;
	struct setup setup = {plan, &failure, stdio->root > 0 ? stdio->root : -1,
			      -1, -1, -1, -1, -1};
	bool own_net = ((wanted->made | wanted->joined) & CLONE_NEWNET) != 0;
	int net = -1;
	ssize_t got;
	char go;

	signals_reset();
	umask(022);	/* so that mount targets get the usual modes */
	if (namespaces_join(wanted, ~CLONE_NEWPID, &failure) < 0)
		inside_give_up(sync, &failure);
	if (own_net)
		net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	handshake_send(sync, HANDSHAKE_HELLO, host_pid(), net, NULL);
	if (net >= 0)
		close(net);
	if (set_up_system(plan, wanted, &failure) < 0 || set_up_files(&setup) < 0 ||
	    process_prepare(plan, stdio, -1, setup.tty, &setup.terminal, &sync, &failure) < 0)
		inside_give_up(sync, &failure);
	handshake_send(sync, HANDSHAKE_READY, 0, setup.terminal, NULL);
	while ((got = read(sync, &go, 1)) < 0 && errno == EINTR)
		;
	if (got != 1)
		_exit(EXIT_ENGINE);
	process_execute(plan, sync, &failure);
	inside_give_up(sync, &failure);
}

pid_t inside_clone(uint64_t flags)
{
	/* With CLONE_PARENT the child sends the exit signal that was chosen for its parent. */
	struct clone_args args = {
		.flags = flags,
		.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

int inside_step(int sync, uint64_t flags)
{
	struct failure failure = {0};
	int gate[2];
	pid_t pid = pipe2(gate, O_CLOEXEC) < 0 ? -1 : inside_clone(flags | CLONE_PARENT);
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
		inside_give_up(sync, &failure);
	}
	handshake_send(sync, HANDSHAKE_FORKED, pid, -1, NULL);
	_exit(0);
}

/* Files opened later must not take the numbers of the standard descriptors, nor of preserved ones.
 * These become /dev/null here, and are replaced before the program runs. */
static void keep_streams(const struct container_stdio *stdio, int init, int sync)
{
	int kept[5 + MESSAGE_MAX_FDS] = {init, sync};

	memcpy(kept + 2, stdio->stdio, sizeof(stdio->stdio));
	memcpy(kept + 5, stdio->preserved, stdio->preserved_count * sizeof(*kept));
	close_others(kept, 5 + stdio->preserved_count);
	for (int fd = 3; fd < 3 + (int)stdio->preserved_count; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			dup2(STDIN_FILENO, fd);
}

_Noreturn void inside_later(int init, int flags, const struct plan *exec_plan,
			    const struct container_stdio *stdio, int sync)
{
	static struct failure failure;
	int terminal = -1, above;

	signals_reset();
	if (inside_write_oom_score(exec_plan, &failure) < 0)
		inside_give_up(sync, &failure);
	keep_streams(stdio, init, sync);
	if (setns(init, flags) < 0) {
		fail(&failure, "join container", "", errno);
		inside_give_up(sync, &failure);
	}
	/* Its user namespace is the last that is joined, if it has one. */
	above = plan_find(exec_plan, OP_CONTAINER_UID_MAP) == NULL
		? -1 : fcntl(init, F_DUPFD_CLOEXEC, 3 + (int)stdio->preserved_count);
	close(init);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	inside_step(sync, 0);
	if (process_prepare(exec_plan, stdio, above, -1, &terminal, &sync, &failure) < 0)
		inside_give_up(sync, &failure);
	handshake_send(sync, HANDSHAKE_READY, 0, terminal, NULL);
	process_execute(exec_plan, sync, &failure);
	inside_give_up(sync, &failure);
}
