/*
 * cgroup.c - the cgroup that limits a container and measures what it uses.
 *
 * A delegated folder is made and filled before the supervisor exists, which then starts in it
 * (CLONE_INTO_CGROUP): moving a running process costs milliseconds, because the kernel waits for
 * all processors. A scope of the user's systemd (scope.c) is joined by asking systemd for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "remove.h"
#include "text-file.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

enum { KILL_WAIT_MS = 1000 };

static bool is_required(const struct plan *plan)
{
	return plan_flag(plan, OP_CGROUP_REQUIRED);
}

static int write_limits(const struct plan *plan, int folder, struct failure *failure)
{
	const struct plan_record *record = NULL;

	while ((record = plan_next(plan, OP_CGROUP_WRITE, record)) != NULL) {
		if (strchr(record->args[0], '/') != NULL)
			return fail(failure, "set limit", record->args[0], EINVAL);
		if (write_text(folder, record->args[0], record->args[1]) < 0)
			return fail(failure, "set limit", record->args[0], errno);
	}
	return 0;
}

/**
 * cgroup_move() - Leave the caller's cgroup for the one at @path; NULL is none
 *
 * A cgroup is entered with rights over all between it and the one that is left, which an id without
 * rights of root's has only below the cgroup of root's containers. What is refused here is told
 * when the container's is entered.
 */
void cgroup_move(const char *path)
{
	int folder = path == NULL ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder >= 0 && write_text(folder, "cgroup.procs", "0") < 0)
		errno = 0;
	if (folder >= 0)
		close(folder);
}

/**
 * cgroup_prepare() - Make and fill the folder that the plan names, if any
 * @folder:	gets its descriptor for CLONE_INTO_CGROUP, or -1
 *
 * Return: 0, also where it can't be made but is not required.
 */
int cgroup_prepare(const struct plan *plan, int *folder, struct failure *failure)
{
	const char *path = plan_value(plan, OP_CGROUP_DIR, 0);
	int result;

	*folder = -1;
	if (path == NULL)
		return 0;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		result = fail(failure, "make cgroup", path, errno);
	else if ((*folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		result = fail(failure, "open cgroup", path, errno);
	else
		result = write_limits(plan, *folder, failure);
	if (result == 0)
		return 0;
	if (*folder >= 0)
		close(*folder);
	*folder = -1;
	rmdir(path);
	return is_required(plan) ? -1 : 0;
}

/**
 * cgroup_own() - The folder of the calling process's cgroup
 */
int cgroup_own(char *path, size_t size)
{
	char text[PATH_MAX];
	char *unified;

	if (read_text(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) < 0)
		return -1;
	unified = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (unified == NULL)
		return -1;
	unified = strchr(unified, '/');
	if (unified == NULL)
		return -1;
	unified[strcspn(unified, "\n")] = '\0';
	return snprintf(path, size, CGROUP_ROOT "%s", unified) < (int)size ? 0 : -1;
}

/**
 * cgroup_enter() - Join the scope that the plan asks for, or learn the folder that was given
 *
 * @cgroup->origin is set by the caller before: for a folder, where it came from.
 */
int cgroup_enter(struct cgroup *cgroup, const struct plan *plan, pid_t own_pid,
		 struct failure *failure)
{
	const struct plan_record *scope = plan_find(plan, OP_SCOPE);
	const char *wanted = plan_value(plan, OP_CGROUP_DIR, 0);
	char path[PATH_MAX + 16];

	cgroup->events = -1;
	cgroup->path[0] = '\0';
	if (scope != NULL && scope_enter(scope, own_pid, failure) < 0)
		return is_required(plan) ? -1 : 0;
	if ((scope == NULL && wanted == NULL) ||
	    cgroup_own(cgroup->path, sizeof(cgroup->path)) < 0)
		return 0;
	cgroup->made = wanted != NULL && strcmp(wanted, cgroup->path) == 0;
	if (scope == NULL && !cgroup->made)
		cgroup->path[0] = '\0';
	snprintf(path, sizeof(path), "%s/memory.events", cgroup->path);
	if (cgroup->path[0] != '\0')
		cgroup->events = open(path, O_RDONLY | O_CLOEXEC);
	return 0;
}

/**
 * cgroup_had_oom() - True when the kernel killed for want of memory in this cgroup
 */
bool cgroup_had_oom(const struct cgroup *cgroup)
{
	char text[512];
	ssize_t got = cgroup->events < 0 ? -1 : pread(cgroup->events, text, sizeof(text) - 1, 0);
	const char *found;

	if (got <= 0)
		return false;
	text[got] = '\0';
	found = strstr(text, "oom_kill ");
	return found != NULL && atoi(found + strlen("oom_kill ")) > 0;
}

/* Ends processes that remain (of a container in another's pid namespace), then the cgroup and those
 * that the container has made in it. Their files can't be removed, and go with them. */
static void remove_cgroup(const char *path)
{
	struct failure ignored;

	for (int waited = 0; waited < KILL_WAIT_MS && rmdir(path) < 0 && errno == EBUSY; waited++) {
		int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (folder >= 0 && write_text(folder, "cgroup.kill", "1") == 0)
			usleep(1000);
		if (folder >= 0)
			close(folder);
		tree_remove(AT_FDCWD, path, &ignored);
	}
}

/**
 * cgroup_end() - Go back to where the caller was and remove the folder that was made
 *
 * A scope needs nothing: systemd collects it when its last process ends.
 */
void cgroup_end(struct cgroup *cgroup)
{
	int origin;

	if (!cgroup->made)
		return;
	origin = open(cgroup->origin, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (origin >= 0 && write_text(origin, "cgroup.procs", "0") == 0)
		remove_cgroup(cgroup->path);
	if (origin >= 0)
		close(origin);
}
