/*
 * start.c - from the client's child to a supervisor in its own namespaces.
 *
 *	client --fork--> child: lock, user namespace --clone--> process 1 of the outer pid
 *	namespace, with mounts of its own --execveat--> `berth-native supervise`
 *
 * It executes its own file again because only that makes it dumpable inside the namespace, and
 * only a dumpable process can be joined through by later commands. The file is reached through a
 * read-only clone of its mount: a container that reaches /proc/PID/exe can't write the helper
 * (CVE-2019-5736), and the page cache is shared with all other supervisors.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "descriptors.h"
#include "exit.h"
#include "facts.h"
#include "named-file.h"
#include "socket.h"
#include "start.h"
#include "userns.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

enum { LOCK_WAIT_MS = 10000, LOCK_STEP_MS = 5 };

/**
 * struct origin - where the caller was
 * @pid_namespace:	inode of the namespace in which the facts count pids
 * @cgroup:	folder of its cgroup
 */
struct origin {
	char pid_namespace[24];
	char cgroup[PATH_MAX];
};

static int was_removed(const struct plan *plan, struct failure *failure)
{
	return fail_because(failure, "start container", plan_value(plan, OP_ID, 0),
			    "it was removed meanwhile", ENOENT);
}

/* Whoever holds the lock without running the container needs it only briefly: an `rm`, or the
 * supervisor of the last run, which has reported its end and cleans up. */
static int wait_for_lock(int lock, const char *state)
{
	for (int waited = 0;; waited += LOCK_STEP_MS) {
		if (flock(lock, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return -1;
		if (waited >= LOCK_WAIT_MS || facts_supervisor_lives(state)) {
			errno = EWOULDBLOCK;
			return -1;
		}
		usleep(LOCK_STEP_MS * 1000);
	}
}

/* The kernel frees the lock when the last process of the run ends, so it is never stale. */
static int lock_container(const struct plan *plan, struct start *start, struct failure *failure)
{
	const char *state = plan_value(plan, OP_STATE_DIR, 0);
	struct stat held, there;
	char path[PATH_MAX];
	int error;

	if (state == NULL || plan_value(plan, OP_ID, 0) == NULL ||
	    plan_value(plan, OP_RUN_DIR, 0) == NULL)
		return fail_because(failure, "read plan", "state-dir, id, run-dir", "missing", 0);
	if (snprintf(path, sizeof(path), "%s/lock", state) >= (int)sizeof(path))
		return fail(failure, "lock container", state, ENAMETOOLONG);
	start->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (start->lock < 0 && errno == ENOENT)
		return was_removed(plan, failure);
	if (start->lock < 0)
		return fail(failure, "open", path, errno);
	if (wait_for_lock(start->lock, state) == 0) {
		if (fstat(start->lock, &held) == 0 && lstat(path, &there) == 0 &&
		    held.st_dev == there.st_dev && held.st_ino == there.st_ino)
			return 0;
		error = ENOENT;
	} else {
		error = errno;
	}
	close(start->lock);
	start->lock = -1;
	if (error == ENOENT)
		return was_removed(plan, failure);
	if (error != EWOULDBLOCK)
		return fail(failure, "lock", path, error);
	return fail_because(failure, "start container", plan_value(plan, OP_ID, 0),
			    "it is running or in use by another command", EBUSY);
}

/**
 * start_give_up() - A container that can't be started goes, if it was to go after its run
 *
 * Descriptors may be what is missing, so all are closed but the control socket, the lock and
 * standard error.
 */
void start_give_up(const struct plan *plan, struct start *start, const struct failure *why)
{
	struct failure ignored;

	if (plan_find(plan, OP_EXIT_RENAME) == NULL ||
	    (start->lock < 0 && (why->error == EBUSY || why->error == ENOENT)))
		return;
	close_others((const int[]){ start->control, start->lock }, 2);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (start->lock < 0 && lock_container(plan, start, &ignored) < 0)
		return;
	exit_run_steps(plan);
	close(start->lock);
	exit_remove_trees(plan);
}

static _Noreturn void give_up(const struct plan *plan, struct start *start,
			      const struct failure *failure)
{
	struct message message;

	start_give_up(plan, start, failure);
	message_init(&message, MESSAGE_FAILED, 0);
	message.failure = *failure;
	message_send(start->control, &message);
	_exit(EXIT_ENGINE);
}

/* A container that joins another pid namespace, or has the host's, is created in the caller's. */
static bool has_own_pid_namespace(const struct plan *plan)
{
	const struct plan_record *record = NULL;

	while ((record = plan_next(plan, OP_NAMESPACE, record)) != NULL)
		if (record->count > 1 && strcmp(record->args[0], "pid") == 0)
			return strcmp(record->args[1], "new") == 0;
	return false;
}

static int read_only_clone(void)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	struct stat running, named;
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int tree;

	if (length <= 0)
		return -1;
	path[length] = '\0';
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC);
	if (tree < 0)
		return -1;
	if (stat("/proc/self/exe", &running) == 0 && fstat(tree, &named) == 0 &&
	    running.st_dev == named.st_dev && running.st_ino == named.st_ino &&
	    syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes,
		    sizeof(attributes)) == 0)
		return tree;
	close(tree);
	return -1;
}

/* For kernels without mount_setattr (before 5.12), or if the file was replaced. */
static int sealed_copy(void)
{
	int own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int copy = memfd_create("berth-native", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	struct stat status;
	off_t done = 0;

	if (copy < 0)
		copy = memfd_create("berth-native", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (own < 0 || copy < 0 || fstat(own, &status) < 0)
		return -1;
	while (done < status.st_size)
		if (sendfile(copy, own, &done, (size_t)(status.st_size - done)) <= 0)
			return -1;
	close(own);
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -1;
	return copy;
}

/* Keeps the variables that the supervisor and the network helper read, and drops all others. */
static char **kept_environment(void)
{
	static const char *const names[] = { "PATH=", "TZ=", "HOME=", "XDG_RUNTIME_DIR=" };
	static char *kept[sizeof(names) / sizeof(*names) + 1];
	unsigned int count = 0;

	for (char **entry = environ; *entry != NULL; entry++)
		for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (strncmp(*entry, names[i], strlen(names[i])) == 0 &&
			    count < sizeof(names) / sizeof(*names))
				kept[count++] = *entry;
	return kept;
}

/* Opened with the starting user's rights, since a root caller's supervisor lacks root's. Root's
 * command saw no link here, so refuse one (engine/src/containers/binds-of-root.ts). */
static int open_pid_file(const struct plan *plan)
{
	const char *path = plan_value(plan, OP_PID_FILE, 0);

	return path == NULL ? -1 : open_named(path, O_TRUNC | O_NOFOLLOW, 0644);
}

static void execute_self(const struct plan *plan, const struct start *start,
			 const struct origin *origin)
{
	const int fds[] = { start->control, start->plan, start->lock, start->keepers,
			    start->pid_file };
	char numbers[5][12];
	char *argv[] = { "berth-native", "supervise", (char *)plan_value(plan, OP_ID, 0),
			 numbers[0], numbers[1], numbers[2], numbers[3], numbers[4],
			 (char *)origin->pid_namespace, (char *)origin->cgroup, NULL };
	int file = read_only_clone();

	if (file < 0)
		file = sealed_copy();
	for (unsigned int i = 0; i < 5; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%d", fds[i]);
		if (fds[i] >= 0)
			fcntl(fds[i], F_SETFD, 0);
	}
	if (file >= 0)
		syscall(SYS_execveat, file, "", argv, kept_environment(), AT_EMPTY_PATH);
}

/* Notes what nobody can find out from inside the new namespaces. */
static void note_origin(struct origin *origin)
{
	struct stat status = { 0 };

	stat("/proc/self/ns/pid", &status);
	snprintf(origin->pid_namespace, sizeof(origin->pid_namespace), "%llu",
		 (unsigned long long)status.st_ino);
	if (cgroup_own(origin->cgroup, sizeof(origin->cgroup)) < 0)
		origin->cgroup[0] = '\0';
}

/* A sibling of this process: the client can wait for it, and no process of ours remains. */
static long clone_supervisor(const struct plan *plan, const struct start *start)
{
	struct clone_args args = { .flags = CLONE_NEWNS | CLONE_PARENT };
	long pid = -1;

	if (has_own_pid_namespace(plan))
		args.flags |= CLONE_NEWPID;
	if (start->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)start->cgroup;
		pid = syscall(SYS_clone3, &args, sizeof(args));
		args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
		args.cgroup = 0;
	}
	if (pid < 0 && (start->cgroup < 0 || !plan_flag(plan, OP_CGROUP_REQUIRED)))
		pid = syscall(SYS_clone3, &args, sizeof(args));
	return pid;
}

/**
 * start_supervisor() - Become the supervisor; runs in a child of the client
 *
 * Should:
 *   - hold the container's lock before anything is mounted or made for the run
 *   - enter the user namespace before the pid and mount namespaces, which belong to it
 *
 * Mustn't:
 *   - print: the client does, from the failure sent to it
 *   - keep a controlling terminal
 */
_Noreturn void start_supervisor(const struct plan *plan, struct start *start)
{
	struct failure failure = { 0 };
	struct origin origin;
	struct userns userns;
	long pid;

	setsid();
	umask(077);
	start->keepers = start->cgroup = start->lock = start->pid_file = -1;
	cgroup_move(plan_value(plan, OP_CGROUP_FROM, 0));
	note_origin(&origin);
	if (lock_container(plan, start, &failure) < 0 ||
	    cgroup_prepare(plan, &start->cgroup, &failure) < 0)
		give_up(plan, start, &failure);
	start->pid_file = open_pid_file(plan);
	if (userns_from_plan(plan, &userns, &failure) < 0 ||
	    userns_enter(&userns, userns.keepers != NULL ? &start->keepers : NULL, &failure) < 0)
		give_up(plan, start, &failure);
	pid = clone_supervisor(plan, start);
	if (pid < 0) {
		fail(&failure, "make namespaces for", plan_value(plan, OP_ID, 0), errno);
		give_up(plan, start, &failure);
	}
	if (pid > 0)
		_exit(0);
	setsid();
	/* The caller may be in the same user namespace: it must not see the mounts made here. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0 && chdir("/") == 0)
		execute_self(plan, start, &origin);
	fail(&failure, "execute", "berth-native supervise", errno);
	give_up(plan, start, &failure);
}
