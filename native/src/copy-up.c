/* Fills an empty volume from what the image has at the volume's place, as Podman and Docker do. */
#include "setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "below.h"
#include "copy.h"
#include "remove.h"
#include "userns.h"

/* A copy may have gigabytes; only a stopped copier takes longer than this. */
enum { COPY_WAIT_MS = 60000 };

static bool is_empty(int folder_fd)
{
	int list = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), entries = 0;
	DIR *folder = list < 0 ? NULL : fdopendir(list);

	while (folder != NULL && entries < 3 && readdir(folder) != NULL)
		entries++;
	if (folder != NULL)
		closedir(folder);
	return entries == 2;
}

/* Moves everything from the finished copy into the volume, then gives the volume the image folder's
 * owner, unless it must keep its own (`volume create --uid`). */
static int move_in(int copied, int data, const struct stat *kept)
{
	int list = openat(copied, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;
	DIR *folder = list < 0 ? NULL : fdopendir(list);
	struct dirent *entry;
	struct stat status;

	if (folder == NULL)
		return -1;
	while (result == 0 && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = renameat(copied, entry->d_name, data, entry->d_name);
	}
	closedir(folder);
	if (result == 0)
		result = fstat(copied, &status);
	if (kept != NULL) {
		status.st_uid = kept->st_uid;
		status.st_gid = kept->st_gid;
	}
	return result < 0 ? -1 : copy_metadata(&(struct copy){0}, copied, data, &status);
}

/* Copies to a folder beside the volume, renames that folder when the copy is complete, then moves
 * its content in. If a start is killed meanwhile, the next one completes the work. */
static int fill(int parent, const char *name, int from, int data, const struct stat *kept,
		struct failure *failure)
{
	char copying[NAME_MAX + 16], copied[NAME_MAX + 16];
	int fd, result;

	snprintf(copying, sizeof(copying), ".%s.copying", name);
	snprintf(copied, sizeof(copied), ".%s.copied", name);
	fd = openat(parent, copied, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && !is_empty(data))
		return 0;
	if (fd < 0) {
		if (tree_remove(parent, copying, failure) < 0)
			return -1;
		if (mkdirat(parent, copying, 0700) < 0 ||
		    (fd = openat(parent, copying,
				 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
			return fail(failure, "copy to volume", name, errno);
		result = tree_copy(from, fd, true, failure);
		if (result == 0 && renameat(parent, copying, parent, copied) < 0)
			result = fail(failure, "copy to volume", name, errno);
		if (result < 0) {
			close(fd);
			return -1;
		}
	}
	result = move_in(fd, data, kept);
	close(fd);
	if (result < 0 || unlinkat(parent, copied, AT_REMOVEDIR) < 0)
		return fail(failure, "copy to volume", name, errno);
	return 0;
}

/* In a container whose ids lack the caller's, a new volume would belong to nobody. */
static int give_if_nobodys(struct setup *setup, int data)
{
	struct userns container;

	if (!userns_of_container(setup->plan, &container, setup->failure) || !is_empty(data))
		return setup->failure->stage[0] == '\0' ? 0 : -1;
	for (size_t i = 0; i < container.uids.count; i++)
		if (container.uids.extents[i].outside == 0)
			return 0;
	return setup_give(setup, data);
}

/* If two containers start with the same new volume, one copies and the other finds it full. */
static int fill_once(const char *path, int from, int data, const struct stat *kept,
		     struct failure *failure)
{
	const char *name = strrchr(path, '/');
	int parent = openat(data, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (parent < 0 || name == NULL || name[1] == '\0')
		result = fail(failure, "copy to volume", path, errno);
	else if (lock_in_time(parent, LOCK_EX, COPY_WAIT_MS) < 0)
		result = fail_because(failure, "lock", path, errno != EWOULDBLOCK ? NULL :
				      "another start copies to the volume and does not end", errno);
	else
		result = fill(parent, name + 1, from, data, kept, failure);
	if (parent >= 0)
		close(parent);
	return result;
}

/* Whether nobody has written to the volume or changed its owner. */
static bool is_new(int data)
{
	struct stat status;

	return fstat(data, &status) == 0 && status.st_uid == 0 && is_empty(data);
}

int setup_copy_up(struct setup *setup, const struct plan_record *record)
{
	const char *target = record->args[0], *path = record->args[1];
	int data = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), from, result;
	struct stat before;

	if (data < 0 || fstat(data, &before) < 0)
		return fail(setup->failure, "copy to volume", path, errno);
	result = give_if_nobodys(setup, data);
	from = below_open(setup->root, target, O_RDONLY | O_DIRECTORY, false);
	if (result == 0 && from >= 0)
		result = fill_once(path, from, data, record->count > 2 ? &before : NULL,
				   setup->failure);
	else if (result == 0 && errno != ENOENT && errno != ENOTDIR)
		result = fail(setup->failure, "copy to volume", target, errno);
	else if (result == 0 && is_new(data))
		result = setup_give_new(setup, data);
	if (from >= 0)
		close(from);
	close(data);
	return result;
}
