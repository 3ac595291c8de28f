/*
 * root-cgroup.c - /sys/fs/cgroup/berth, the cgroup of root's containers.
 *
 * It is made like a cgroup that systemd delegates (cgroup(7), "Delegating a hierarchy"): the user
 * owns the folder and the files by which processes are moved and controllers enabled. A cgroup that
 * passes its controllers on has no processes itself. So supervisors begin in `commands` (cgroup.c),
 * and containers are beside it. Commands stay where they are: in the unit of systemd or the session
 * that they were called from.
 */
#include "root-cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "low-ports.h"
#include "text-file.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CONTROL "cgroup.subtree_control"

enum { LIST_MAX = 256 };

static const char *const wanted[] = { "cpu", "cpuset", "io", "memory", "pids" };

static bool lists(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (; *words != '\0'; words += strcspn(words, " \n"), words += strspn(words, " \n"))
		if (strncmp(words, word, length) == 0 && strcspn(words, " \n") == length)
			return true;
	return false;
}

bool root_cgroup_missing(const char *available, const char *given, char *words, size_t size)
{
	size_t length = 0;

	words[0] = '\0';
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (lists(available, wanted[i]) && !lists(given, wanted[i]))
			length += (size_t)snprintf(words + length, size - length, "%s+%s",
						   length == 0 ? "" : " ", wanted[i]);
	return length > 0;
}

static void hand_on_controllers(int folder)
{
	char available[LIST_MAX], given[LIST_MAX], words[LIST_MAX];

	read_text(folder, "cgroup.controllers", available, sizeof(available));
	read_text(folder, CONTROL, given, sizeof(given));
	if (root_cgroup_missing(available, given, words, sizeof(words)))
		/* What is refused is missing where it is needed, and told there. */
		write_text(folder, CONTROL, words);
}

/* Makes the folder where it is missing. Return: its descriptor, or -1. */
static int open_delegated(int parent, const char *name, uid_t uid, gid_t gid)
{
	static const char *const files[] = { "", "cgroup.procs", "cgroup.threads", CONTROL };
	struct stat status;
	int folder;

	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return -1;
	folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder < 0 || (fstat(folder, &status) == 0 && status.st_uid == uid))
		return folder;
	for (size_t i = sizeof(files) / sizeof(*files); i-- > 0;)
		if (fchownat(folder, files[i], uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0) {
			close(folder);
			return -1;
		}
	return folder;
}

static void close_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void root_cgroup_make(uid_t uid, gid_t gid)
{
	int root = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC), folder = -1, leaf = -1;
	struct statfs fs;

	if (root >= 0 && fstatfs(root, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		hand_on_controllers(root);
		folder = open_delegated(root, "berth", uid, gid);
	}
	if (folder >= 0) {
		hand_on_controllers(folder);
		low_ports_allow(folder, uid);
		leaf = open_delegated(folder, "commands", uid, gid);
	}
	close_open(leaf);
	close_open(folder);
	close_open(root);
}
