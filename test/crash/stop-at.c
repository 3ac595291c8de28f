/*
 * stop-at.c - runs a command and stops it in the middle: `stop-at N HOW COUNT-FILE COMMAND…`
 *
 * The command and all its descendants are traced. At the N-th system call that changes anything
 * outside the caller, before the kernel sees it, HOW happens:
 *
 *	one	the process that makes the call is killed
 *	all	it and all the others are killed
 *	none	nothing
 *	E…	the call fails with that error (ENOSPC, EDQUOT, EIO, EMFILE, ENOMEM)
 *
 * Before that the script STOP_AT_BETWEEN is run to its end, while the command stands still.
 *
 * COUNT-FILE tells the number of calls met, at most N. Exits with the command's status, 128 + n
 * after signal n. Descendants that stay (supervisors) go on untraced once the command has ended and
 * nothing happens any more. newuidmap and newgidmap run untraced: traced they have no privilege.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRACEES_MAX = 1024, QUIET_MS = 700, OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
	PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC };

static pid_t tracees[TRACEES_MAX], failing;
static size_t tracee_count;
static unsigned long wanted, met;
static int error_to_give;
static bool kills_all, goes_on, done, has_begun;
static const char *between;

static const struct { const char *name; int number; } errors[] = {
	{ "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT }, { "EIO", EIO }, { "EMFILE", EMFILE },
	{ "ENOMEM", ENOMEM },
};

/* Calls that change files, mounts, processes, or what other processes are told. */
static const long changing[] = {
	SYS_write, SYS_writev, SYS_pwrite64, SYS_mkdirat, SYS_renameat2, SYS_linkat, SYS_symlinkat,
	SYS_unlinkat, SYS_ftruncate, SYS_fsync, SYS_fdatasync, SYS_fchmod, SYS_fchmodat,
	SYS_fchownat, SYS_mount, SYS_umount2, SYS_move_mount, SYS_pivot_root, SYS_setns,
	SYS_unshare, SYS_flock, SYS_clone, SYS_clone3, SYS_execve, SYS_execveat, SYS_sendmsg,
	SYS_pidfd_send_signal, SYS_kill, SYS_bind, SYS_mknodat, SYS_setxattr, SYS_lsetxattr,
	SYS_fsetxattr, SYS_utimensat, SYS_sendfile, SYS_copy_file_range, SYS_fallocate,
#ifdef __x86_64__
	SYS_mkdir, SYS_rename, SYS_renameat, SYS_link, SYS_symlink, SYS_unlink, SYS_rmdir,
	SYS_chmod, SYS_fork, SYS_vfork, SYS_mknod,
#endif
};

/* Calls that take room or a descriptor, and so can fail for want of them. */
static const long taking[] = {
	SYS_write, SYS_writev, SYS_pwrite64, SYS_mkdirat, SYS_linkat, SYS_symlinkat, SYS_ftruncate,
	SYS_fsync, SYS_fdatasync, SYS_openat, SYS_mknodat, SYS_fallocate, SYS_setxattr,
	SYS_lsetxattr, SYS_fsetxattr, SYS_copy_file_range,
#ifdef __x86_64__
	SYS_mkdir, SYS_link, SYS_symlink, SYS_open, SYS_mknod,
#endif
};

/* Calls for which the kernel needs memory besides: new processes, mounts and namespaces. */
static const long growing[] = {
	SYS_clone, SYS_clone3, SYS_execve, SYS_execveat, SYS_mount, SYS_move_mount, SYS_unshare,
	SYS_setns, SYS_renameat2, SYS_sendmsg,
#ifdef __x86_64__
	SYS_fork, SYS_vfork, SYS_rename, SYS_renameat,
#endif
};

#define CONTAINS(calls, call) contains(calls, sizeof(calls) / sizeof((calls)[0]), call)

static bool contains(const long *calls, size_t count, long call)
{
	for (size_t i = 0; i < count; i++)
		if (calls[i] == call)
			return true;
	return false;
}

static bool is_regular(pid_t pid, int fd)
{
	char path[64], target[8];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	length = readlink(path, target, sizeof(target));
	return length > 0 && target[0] == '/' && strncmp(target, "/dev/", 5) != 0;
}

/* Threads are the runtimes' own affair: Bun waits for ever for one that it could not make. */
static bool makes_thread(pid_t pid, const struct __ptrace_syscall_info *info)
{
	uint64_t flags = info->entry.args[0];
	struct iovec here = { &flags, sizeof(flags) };
	struct iovec there = { (void *)(uintptr_t)info->entry.args[0], sizeof(flags) };

	if (info->entry.nr == SYS_clone3 && process_vm_readv(pid, &here, 1, &there, 1, 0) < 0)
		return false;
	return (info->entry.nr == SYS_clone3 || info->entry.nr == SYS_clone) &&
	       (flags & CLONE_THREAD) != 0;
}

/* Counted are writes to files: a runtime's threads wake each other by writes, too; and Node syncs
 * its standard streams when it ends, which hangs now and then where that fails. */
static bool is_counted(pid_t pid, const struct __ptrace_syscall_info *info)
{
	long call = (long)info->entry.nr;
	bool makes = call == SYS_openat && (info->entry.args[2] & O_CREAT) != 0;

	if (call == SYS_write || call == SYS_writev || call == SYS_pwrite64 ||
	    (call == SYS_fsync && info->entry.args[0] <= STDERR_FILENO))
		return is_regular(pid, (int)info->entry.args[0]);
	if (error_to_give != 0 && call == SYS_openat)
		return error_to_give == EMFILE || makes;
	if (error_to_give == ENOMEM && CONTAINS(growing, call))
		return !makes_thread(pid, info);
	if (error_to_give != 0)
		return CONTAINS(taking, call);
	return makes || CONTAINS(changing, call);
}

static bool runs_map_helper(pid_t pid, const struct __ptrace_syscall_info *info)
{
	char path[64] = "";
	struct iovec here = { path, sizeof(path) - 1 };
	struct iovec there = { (void *)(uintptr_t)info->entry.args[0], sizeof(path) - 1 };

	return info->entry.nr == SYS_execve && process_vm_readv(pid, &here, 1, &there, 1, 0) > 0 &&
	       (strstr(path, "/newuidmap") != NULL || strstr(path, "/newgidmap") != NULL);
}

#ifdef __x86_64__
static void change_call(pid_t pid, bool is_entry)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
		return;
	if (is_entry)
		registers.orig_rax = (unsigned long long)-1;
	else
		registers.rax = (unsigned long long)-error_to_give;
	ptrace(PTRACE_SETREGS, pid, NULL, &registers);
}
#else
static void change_call(pid_t pid, bool is_entry)
{
	(void)pid, (void)is_entry;
	fprintf(stderr, "stop-at: errors can be given on x86-64 alone\n");
	exit(2);
}
#endif

/* All of the command stands still meanwhile, or does at its next call. */
static void run_between(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", between, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
}

static void act(pid_t pid)
{
	if (between != NULL)
		run_between();
	if (goes_on) {
		done = true;
		return;
	}
	if (error_to_give != 0) {
		change_call(pid, true);
		failing = pid;
		return;
	}
	done = true;
	for (size_t i = 0; i < tracee_count; i++)
		if (kills_all || tracees[i] == pid)
			kill(tracees[i], SIGKILL);
}

/* Return: false when the tracee was let go. */
static bool at_call(pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		return true;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && failing == pid) {
		change_call(pid, false);
		failing = 0;
		done = true;
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return true;
	if (runs_map_helper(pid, &info)) {
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		return false;
	}
	if (!has_begun)
		has_begun = info.entry.nr == SYS_execve;
	else if (!done && failing == 0 && is_counted(pid, &info) && ++met == wanted)
		act(pid);
	return true;
}

static void note(pid_t pid, bool lives)
{
	size_t i = 0;

	while (i < tracee_count && tracees[i] != pid)
		i++;
	if (lives && i == tracee_count && i < TRACEES_MAX)
		tracees[tracee_count++] = pid;
	else if (!lives && i < tracee_count)
		tracees[i] = tracees[--tracee_count];
}

static void go_on(pid_t pid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	enum __ptrace_request request = PTRACE_SYSCALL;

	note(pid, true);
	if (signal == (SIGTRAP | 0x80)) {
		if (!at_call(pid))
			return;
		signal = 0;
	} else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		return;
	} else if (event != 0) {
		signal = 0;
	}
	ptrace(request, pid, NULL, (void *)(intptr_t)signal);
}

static pid_t start(char **command)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		raise(SIGSTOP);
		execvp(command[0], command);
		_exit(127);
	}
	waitpid(pid, &status, WUNTRACED);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)OPTIONS) < 0) {
		perror("stop-at: trace");
		exit(2);
	}
	kill(pid, SIGCONT);
	return pid;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int run(pid_t command)
{
	int result = -1, status;
	uint64_t quiet_since = now_ms();

	while (tracee_count > 0 || result < 0) {
		pid_t pid = waitpid(-1, &status, __WALL | (result < 0 ? 0 : WNOHANG));

		if (pid < 0)
			break;
		if (pid == 0) {
			if (now_ms() - quiet_since > QUIET_MS)
				break;
			usleep(2000);
			continue;
		}
		quiet_since = now_ms();
		if (WIFSTOPPED(status)) {
			go_on(pid, status);
			continue;
		}
		note(pid, false);
		if (pid == command)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return result;
}

int main(int argc, char **argv)
{
	FILE *count;
	int result;

	if (argc < 5) {
		fprintf(stderr, "usage: stop-at N one|all|none|ERROR COUNT-FILE COMMAND...\n");
		return 2;
	}
	wanted = strtoul(argv[1], NULL, 10);
	between = getenv("STOP_AT_BETWEEN");
	kills_all = strcmp(argv[2], "all") == 0;
	goes_on = strcmp(argv[2], "none") == 0;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, argv[2]) == 0)
			error_to_give = errors[i].number;
	result = run(start(argv + 4));
	count = fopen(argv[3], "w");
	if (count == NULL || fprintf(count, "%lu\n", met) < 0 || fclose(count) != 0)
		perror("stop-at: count");
	return result;
}
