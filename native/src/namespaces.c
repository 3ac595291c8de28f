/* Which namespaces a container makes, shares with the caller, or joins; and joins them. */
#include "namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "userns.h"

static const struct {
	const char *name, *file;
	int flag;
} namespaces[] = {
	{"pid", "ns/pid", CLONE_NEWPID}, {"ipc", "ns/ipc", CLONE_NEWIPC},
	{"uts", "ns/uts", CLONE_NEWUTS}, {"net", "ns/net", CLONE_NEWNET},
	{"cgroup", "ns/cgroup", CLONE_NEWCGROUP}, {"mount", "ns/mnt", CLONE_NEWNS},
};

_Static_assert(sizeof(namespaces) / sizeof(namespaces[0]) == NAMESPACES, "one for each");

int namespaces_read(const struct plan *plan, struct namespaces *wanted, struct failure *failure)
{
	static const char stage[] = "read namespaces";
	const struct plan_record *record = NULL;

	memset(wanted, 0, sizeof(*wanted));
	wanted->made = CLONE_NEWNS;
	while ((record = plan_next(plan, OP_NAMESPACE, record)) != NULL) {
		const char *how = record->args[1];
		size_t i = 0;

		while (i < NAMESPACES && strcmp(namespaces[i].name, record->args[0]) != 0)
			i++;
		if (i == NAMESPACES || wanted->records[i] != NULL)
			return fail(failure, stage, record->args[0], EINVAL);
		wanted->records[i] = record;
		if (strcmp(how, "new") == 0 && record->count == 2)
			wanted->made |= namespaces[i].flag;
		else if ((strcmp(how, "join-pid") == 0 && record->count == 4) ||
			 (strcmp(how, "join-path") == 0 && record->count == 3))
			wanted->joined |= namespaces[i].flag;
		else if (strcmp(how, "host") != 0 || record->count != 2)
			return fail(failure, stage, how, EINVAL);
	}
	if ((wanted->joined & CLONE_NEWNS) != 0)
		return fail_because(failure, stage, "mount", "is always new", 0);
	return 0;
}

/* The folder is opened first, and what is read of it afterwards is of the same process. */
int namespaces_open(const struct plan_record *record, const char *file)
{
	uint64_t pid, start;
	char path[32];
	int proc, fd;

	if (!parse_number(record->args[2], INT32_MAX, &pid) ||
	    !parse_number(record->args[3], UINT64_MAX, &start)) {
		errno = EINVAL;
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/%u", (unsigned)pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return -1;
	fd = openat(proc, file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && process_start_time(proc, "stat") != start) {
		close(fd);
		fd = -1;
		errno = ESRCH;
	}
	close(proc);
	return fd;
}

/* All are opened first, because joining may take away the right to look. */
int namespaces_join(const struct namespaces *wanted, int which, struct failure *failure)
{
	int fds[NAMESPACES], result = 0;

	for (size_t i = 0; i < NAMESPACES; i++) {
		const struct plan_record *record = wanted->records[i];

		fds[i] = -1;
		if ((wanted->joined & which & namespaces[i].flag) == 0 || result < 0)
			continue;
		if (strcmp(record->args[1], "join-pid") == 0)
			fds[i] = namespaces_open(record, namespaces[i].file);
		else
			fds[i] = open(record->args[2],
				      O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fds[i] < 0)
			result = fail(failure, "open namespace", record->args[2], errno);
	}
	for (size_t i = 0; i < NAMESPACES; i++) {
		if (fds[i] < 0)
			continue;
		if (result == 0 && setns(fds[i], namespaces[i].flag) < 0)
			result = fail(failure, "join namespace",
				      wanted->records[i]->args[2], errno);
		close(fds[i]);
	}
	return result;
}
