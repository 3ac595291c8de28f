/*
 * facts.c - the texts from which other commands derive the state of a container.
 *
 * docs/state.md lists their keys. They are written under another name and renamed, so that nobody
 * reads half of one. Their order is a contract: facts come before the summary says `running`, the
 * exit record before it says `exited`. After a kill between two steps there are facts that can be
 * checked against the processes that they name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "facts.h"
#include "text-file.h"
#include "userns.h"

enum { TEXT_MAX = 8192, SHORT_MACHINE_ID = 12 };

/**
 * facts_own_pid() - The pid of this process in the host's procfs
 */
pid_t facts_own_pid(void)
{
	char text[16] = "";

	return readlink("/proc/self", text, sizeof(text) - 1) > 0 ? (pid_t)atoi(text) : 0;
}

/* The first line of a small file, without its newline; empty if it can't be read. */
static int first_line(const char *path, char *text, size_t size, struct failure *failure)
{
	/* Some systems have a link at /etc/machine-id. */
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (read_open_text(fd, text, size) < 0 && errno != ENOENT && errno != EACCES)
		return fail(failure, "read", path, errno);
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

/* Finds out which machine and boot count our pid. Without that the run would look like another
 * boot's, and so like one that ended; then nothing is started. */
static int find_place(struct run *run, struct failure *failure)
{
	run->supervisor = facts_own_pid();
	run->supervisor_start = process_start_time(AT_FDCWD, "/proc/self/stat");
	if (run->supervisor == 0 || run->supervisor_start == 0)
		return fail(failure, "read", "/proc/self/stat", errno);
	if (first_line("/proc/sys/kernel/random/boot_id", run->boot, sizeof(run->boot),
		       failure) < 0)
		return -1;
	return first_line("/etc/machine-id", run->machine, sizeof(run->machine), failure);
}

/**
 * facts_write_file() - Replace DIR/NAME by @text, whole, mode 0600
 */
int facts_write_file(const char *dir, const char *name, const char *text, struct failure *failure)
{
	char temporary[PATH_MAX], path[PATH_MAX];
	size_t length = strlen(text);
	ssize_t wrote;
	int fd, error = 0;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    snprintf(temporary, sizeof(temporary), "%s/.%s.tmp", dir, name) >=
		    (int)sizeof(temporary))
		return fail(failure, "write", dir, ENAMETOOLONG);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(failure, "create", temporary, errno);
	wrote = write(fd, text, length);
	if (wrote >= 0 && (size_t)wrote < length)
		errno = ENOSPC;
	if (wrote < 0 || (size_t)wrote < length)
		error = errno;
	if (close(fd) < 0 && error == 0)
		error = errno;
	if (error == 0 && rename(temporary, path) < 0)
		error = errno;
	if (error == 0)
		return 0;
	unlink(temporary);
	return fail(failure, "write", path, error);
}

/* On a full disk, removes the plan to make room: this run has read it; the next start makes one. */
static int write_record(const struct run *run, const char *dir, const char *name, const char *text,
			struct failure *failure)
{
	char plan[PATH_MAX];
	int result = facts_write_file(dir, name, text, failure);

	if (result == 0 || (failure->error != ENOSPC && failure->error != EDQUOT))
		return result;
	snprintf(plan, sizeof(plan), "%s/plan", run->state_dir);
	if (unlink(plan) < 0)
		return result;
	memset(failure, 0, sizeof(*failure));
	return facts_write_file(dir, name, text, failure);
}

/**
 * facts_supervisor_lives() - Whether the supervisor that the container's summary names is alive
 */
bool facts_supervisor_lives(const char *state_dir)
{
	char path[PATH_MAX], text[TEXT_MAX], process[64];
	unsigned long long start;
	const char *line;
	int pid;

	if (snprintf(path, sizeof(path), "%s/summary", state_dir) >= (int)sizeof(path) ||
	    read_text(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	line = strstr(text, "\nsupervisor ");
	if (line == NULL || sscanf(line, "\nsupervisor %d %llu", &pid, &start) != 2)
		return false;
	snprintf(process, sizeof(process), "/proc/%d/stat", pid);
	return process_lives(AT_FDCWD, process, start);
}

/**
 * facts_begin_run() - Number the run and make its folder
 */
int facts_begin_run(struct run *run, const struct plan *plan, struct failure *failure)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *runs;

	run->state_dir = plan_value(plan, OP_STATE_DIR, 0);
	run->summary = plan_value(plan, OP_SUMMARY, 0);
	run->run_dir = plan_value(plan, OP_RUN_DIR, 0);
	run->is_last = plan_value(plan, OP_EXIT_RENAME, 0) != NULL;
	if (find_place(run, failure) < 0)
		return -1;
	if (snprintf(path, sizeof(path), "%s/runs", run->state_dir) >= (int)sizeof(path) - 24)
		return fail(failure, "make folder", run->state_dir, ENAMETOOLONG);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(failure, "make folder", path, errno);
	runs = opendir(path);
	if (runs == NULL)
		return fail(failure, "read folder", path, errno);
	while ((entry = readdir(runs)) != NULL) {
		unsigned long number = strtoul(entry->d_name, NULL, 10);

		if (number > run->number && number < UINT32_MAX)
			run->number = number;
	}
	closedir(runs);
	run->number++;
	snprintf(path + strlen(path), 24, "/%lu", run->number);
	return mkdir(path, 0700) < 0 ? fail(failure, "make folder", path, errno) : 0;
}

static int write_run_file(const struct run *run, const char *name, const char *text,
			  struct failure *failure)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/runs/%lu", run->state_dir, run->number);
	return write_record(run, dir, name, text, failure);
}

static int write_summary(const struct run *run, const char *lines, struct failure *failure)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%s%s", run->summary != NULL ? run->summary : "", lines);
	return write_record(run, run->state_dir, "summary", text, failure);
}

static void host_line(const struct run *run, char *text, size_t size)
{
	struct utsname host;

	uname(&host);
	snprintf(text, size, "host %.*s:%s\n", SHORT_MACHINE_ID,
		 run->machine[0] != '\0' ? run->machine : "-", host.nodename);
}

/**
 * facts_publish_start() - Record that the container runs
 */
int facts_publish_start(struct run *run, struct failure *failure)
{
	char text[TEXT_MAX], host[512];
	struct utsname names;
	int length;

	host_line(run, host, sizeof(host));
	uname(&names);
	length = snprintf(text, sizeof(text),
			  "run %lu\nstate running\n%sboot %s\npidns %s\nsupervisor %d %llu\n"
			  "init %d %llu\nstarted %lld.%09ld\n",
			  run->number, host, run->boot, run->pid_namespace, run->supervisor,
			  run->supervisor_start, run->init, run->init_start,
			  (long long)run->started.tv_sec, run->started.tv_nsec);
	snprintf(text + length, sizeof(text) - (size_t)length,
		 "machine-id %s\nhostname %s\nrun-dir %s\n", run->machine, names.nodename,
		 run->run_dir == NULL || strchr(run->run_dir, '\n') != NULL ? "" : run->run_dir);
	if (write_run_file(run, "facts", text, failure) < 0)
		return -1;
	text[length] = '\0';
	return write_summary(run, text, failure);
}

/**
 * facts_publish_exit() - Record how the run ended, then that the container has ended
 */
int facts_publish_exit(struct run *run, struct failure *failure)
{
	char end[256], text[TEXT_MAX], host[512], began[64] = "", by[32] = "";

	if (run->started.tv_sec != 0)
		snprintf(began, sizeof(began), "started %lld.%09ld\n",
			 (long long)run->started.tv_sec, run->started.tv_nsec);
	if (run->signal != 0)
		snprintf(by, sizeof(by), "signal %d\n", run->signal);
	snprintf(end, sizeof(end), "exit %d\n%sfinished %lld.%09ld\n%s", run->status, began,
		 (long long)run->finished.tv_sec, run->finished.tv_nsec, run->oom ? "oom 1\n" : "");
	for (char *c = run->error; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20)
			*c = '?';
	snprintf(text, sizeof(text), "run %lu\n%s%s%s%s%s", run->number, end, by,
		 run->error[0] != '\0' ? "error " : "", run->error,
		 run->error[0] != '\0' ? "\n" : "");
	if (write_run_file(run, "exit", text, failure) < 0)
		return -1;
	if (run->is_last)
		return 0;
	host_line(run, host, sizeof(host));
	snprintf(text, sizeof(text), "run %lu\nstate exited\n%s%s", run->number, host, end);
	return write_summary(run, text, failure);
}
