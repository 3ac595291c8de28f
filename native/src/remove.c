/* Tree removal by descriptor. A tree deeper than MAX_DEPTH is flattened on the way: its deep part
 * is moved to the top, so that neither the stack nor descriptors grow with what an image holds. */
#include "remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 100, MAX_PASSES = 1000 };

struct removal {
	int top;	/* the tree's first folder */
	dev_t device;
	unsigned moved;
	int error;	/* of the first thing that could not be removed */
};

static void remove_folder(struct removal *removal, int parent, const char *name, unsigned depth);

static void note(struct removal *removal, int error)
{
	if (removal->error == 0)
		removal->error = error;
}

static void remove_entry(struct removal *removal, int parent, const struct dirent *entry,
			 unsigned depth)
{
	if (entry->d_type != DT_DIR) {
		if (unlinkat(parent, entry->d_name, 0) == 0 || errno == ENOENT)
			return;
		if (errno != EISDIR) {
			note(removal, errno);
			return;
		}
	}
	remove_folder(removal, parent, entry->d_name, depth);
}

/* Removes all in the folder and closes @fd. */
static void remove_children(struct removal *removal, int fd, unsigned depth)
{
	DIR *folder = fdopendir(fd);
	struct dirent *entry;

	if (folder == NULL) {
		note(removal, errno);
		close(fd);
		return;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_entry(removal, fd, entry, depth + 1);
	}
	closedir(folder);
}

static bool move_to_top(struct removal *removal, int parent, const char *name)
{
	char moved[48];

	for (int i = 0; i < 1000; i++) {
		snprintf(moved, sizeof(moved), ".removing-%u", removal->moved++);
		if (renameat2(parent, name, removal->top, moved, RENAME_NOREPLACE) == 0)
			return true;
		if (errno != EEXIST)
			break;
	}
	return false;
}

/* Opens a folder to be emptied; one that its owner made unreadable is made readable. */
static int open_folder(int parent, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
		fd = openat(parent, name, flags);
	return fd;
}

static void remove_folder(struct removal *removal, int parent, const char *name, unsigned depth)
{
	struct stat status;
	int fd;

	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return;
	if (depth >= MAX_DEPTH && move_to_top(removal, parent, name))
		return;
	fd = open_folder(parent, name);
	if (fd < 0) {
		note(removal, errno);
		return;
	}
	if (fstat(fd, &status) < 0 || status.st_dev != removal->device) {
		note(removal, EXDEV);
		close(fd);
		return;
	}
	/* Without the rights of a folder of mode 0500 nothing in it can be removed. */
	if ((status.st_mode & 0700) != 0700)
		fchmod(fd, 0700);
	remove_children(removal, fd, depth);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		note(removal, errno);
}

int tree_remove(int dir_fd, const char *path, struct failure *failure)
{
	struct removal removal = {.top = -1};
	struct stat status;

	if (unlinkat(dir_fd, path, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return fail(failure, "remove", path, errno);
	removal.top = open_folder(dir_fd, path);
	if (removal.top < 0)
		return fail(failure, "remove", path, errno);
	if (fstat(removal.top, &status) < 0) {
		fail(failure, "remove", path, errno);
		close(removal.top);
		return -1;
	}
	removal.device = status.st_dev;
	if ((status.st_mode & 0700) != 0700)
		fchmod(removal.top, 0700);
	/* Again while deep parts were moved to the top, or a folder was not listed in full. */
	for (int pass = 0; pass < MAX_PASSES; pass++) {
		unsigned moved = removal.moved;
		int fd = openat(removal.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		removal.error = 0;
		if (fd < 0) {
			note(&removal, errno);
			break;
		}
		remove_children(&removal, fd, 0);
		if (unlinkat(dir_fd, path, AT_REMOVEDIR) == 0 || errno == ENOENT) {
			close(removal.top);
			return 0;
		}
		if (moved == removal.moved && removal.error != 0 && removal.error != ENOTEMPTY)
			break;
	}
	close(removal.top);
	return fail(failure, "remove", path, removal.error == 0 ? ENOTEMPTY : removal.error);
}
