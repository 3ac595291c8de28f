/* A new user namespace, and the mapping of its ids: by the set-id helpers, or written directly. */
#include "userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "facts.h"
#include "text-file.h"

enum { MAP_TEXT_MAX = 16384 };

/* Writes one map without helpers. A gid map that is refused is tried again with setgroups denied:
 * who could drop a group that denies access must not map groups. */
static int write_map(pid_t pid, const char *file, const struct id_map *map)
{
	static char text[MAP_TEXT_MAX];
	char path[48], deny[48];
	int length = 0, error;

	for (size_t i = 0; i < map->count; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length, "%u %u %u\n",
				   map->extents[i].inside, map->extents[i].outside,
				   map->extents[i].count);
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	error = write_text(AT_FDCWD, path, text) < 0 ? errno : 0;
	if (error == EPERM && file[0] == 'g') {
		snprintf(deny, sizeof(deny), "/proc/%d/setgroups", pid);
		error = write_text(AT_FDCWD, deny, "deny") < 0 ? errno : 0;
		if (error == 0)
			error = write_text(AT_FDCWD, path, text) < 0 ? errno : 0;
	}
	return error;
}

/* Starts `HELPER PID INSIDE OUTSIDE COUNT …`; returns its pid. */
static pid_t start_helper(const char *helper, pid_t pid, const struct id_map *map)
{
	static char numbers[USERNS_MAX_EXTENTS * 3 + 1][12];
	static char *argv[USERNS_MAX_EXTENTS * 3 + 3];
	char *environment[] = {NULL};
	size_t at = 0;
	pid_t child = fork();

	if (child != 0)
		return child;
	snprintf(numbers[at++], sizeof(numbers[0]), "%d", pid);
	for (size_t i = 0; i < map->count; i++) {
		snprintf(numbers[at++], sizeof(numbers[0]), "%u", map->extents[i].inside);
		snprintf(numbers[at++], sizeof(numbers[0]), "%u", map->extents[i].outside);
		snprintf(numbers[at++], sizeof(numbers[0]), "%u", map->extents[i].count);
	}
	argv[0] = (char *)helper;
	for (size_t i = 0; i < at; i++)
		argv[i + 1] = numbers[i];
	execve(helper, argv, environment);
	_exit(EXIT_NOT_FOUND);
}

static int reap_helper(pid_t helper, const char *name, struct failure *failure)
{
	int status;
	char reason[64];

	if (helper < 0)
		return fail(failure, "map ids", name, EAGAIN);
	while (waitpid(helper, &status, 0) < 0) {
		if (errno != EINTR)
			return fail(failure, "map ids", name, errno);
	}
	if (status == 0)
		return 0;
	snprintf(reason, sizeof(reason), "%s %d", WIFEXITED(status) ? "exit status" : "signal",
		 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return fail_because(failure, "map ids", name, reason, 0);
}

/* Runs outside the namespace of @pid and maps its ids; both helpers at the same time. */
static int map_ids(pid_t pid, const struct userns *userns, struct failure *failure)
{
	pid_t uid_helper, gid_helper;
	int error, result;

	if (userns->newuidmap == NULL) {
		error = write_map(pid, "gid_map", &userns->gids);
		if (error != 0)
			return fail(failure, "map ids", "gid_map", error);
		error = write_map(pid, "uid_map", &userns->uids);
		return error == 0 ? 0 : fail(failure, "map ids", "uid_map", error);
	}
	uid_helper = start_helper(userns->newuidmap, pid, &userns->uids);
	gid_helper = start_helper(userns->newgidmap, pid, &userns->gids);
	result = reap_helper(gid_helper, userns->newgidmap, failure);
	if (reap_helper(uid_helper, userns->newuidmap, failure) < 0)
		return -1;
	return result;
}

/**
 * userns_enter_new() - A new user namespace around the caller
 *
 * A child stays outside, because mapping more than one id needs rights there: it waits until the
 * caller has left, maps the ids and answers with a failure record or nothing.
 */
int userns_enter_new(const struct userns *userns, struct failure *failure)
{
	int go[2], answer[2], error = 0;
	/* As /proc counts, which may be that of a pid namespace above. */
	pid_t self = facts_own_pid(), child;
	ssize_t got;
	char byte = 0;

	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
		return fail(failure, "create user namespace", "", errno);
	child = fork();
	if (child < 0)
		return fail(failure, "create user namespace", "", errno);
	if (child == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) == 1 && map_ids(self, userns, failure) < 0 &&
		    write(answer[1], failure, sizeof(*failure)) < 0)
			_exit(1);
		_exit(0);
	}
	close(go[0]);
	close(answer[1]);
	if (unshare(CLONE_NEWUSER) < 0)
		error = errno;
	else if (write(go[1], &byte, 1) != 1)
		error = errno;
	close(go[1]);
	got = read(answer[0], failure, sizeof(*failure));
	close(answer[0]);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (error == ENOSPC)
		return fail_because(failure, "create user namespace", "",
				    "user.max_user_namespaces allows no more", error);
	if (error != 0)
		return fail(failure, "create user namespace", "", error);
	return got == 0 ? 0 : -1;
}
