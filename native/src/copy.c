/* Copies a tree by descriptor. Device nodes are left out: a user namespace can't make them. */
#include "setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "copy.h"

static int copy_folder(struct copy *copy, int from, int to);

/* True if the copy must have every attribute of the original. */
static bool is_exact(const struct copy *copy)
{
	return copy->shift != NULL && copy->shift->uids.count == 0;
}

/* Copies attributes of the user and capabilities, but never overlay's own. Access lists name ids,
 * so they are copied only if the ids stay the same. */
static bool is_copied(const struct copy *copy, const char *name)
{
	if (strncmp(name, "user.", 5) == 0)
		return strncmp(name, "user.overlay.", 13) != 0;
	return strcmp(name, "security.capability") == 0 ||
	       (is_exact(copy) && strncmp(name, "system.posix_acl_", 17) == 0);
}

static void copy_attributes(const struct copy *copy, int from, int to)
{
	static char names[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
	ssize_t length = flistxattr(from, names, sizeof(names));

	for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
		ssize_t size;

		if (!is_copied(copy, name))
			continue;
		size = fgetxattr(from, name, value, sizeof(value));
		/* An attribute that the target's file system can't hold must not lose the file. */
		if (size >= 0 && fsetxattr(to, name, value, (size_t)size, 0) < 0)
			continue;
	}
}

static int copy_owner(const struct copy *copy, int folder, const char *name,
		      const struct stat *status)
{
	int flags = AT_SYMLINK_NOFOLLOW | (*name == '\0' ? AT_EMPTY_PATH : 0);
	uid_t uid = status->st_uid;
	gid_t gid = status->st_gid;

	if (copy->shift != NULL && !is_exact(copy)) {
		uid = id_map_find(&copy->shift->uids, uid);
		gid = id_map_find(&copy->shift->gids, gid);
	}
	if (fchownat(folder, name, uid, gid, flags) == 0)
		return 0;
	return !is_exact(copy) && (errno == EINVAL || errno == EPERM) ? 0 : -1;
}

/* Sets the owner first, because that clears the set-id bits and file capabilities. If the owner has
 * no mapped id, the file stays the copier's. */
int copy_metadata(const struct copy *copy, int from, int to, const struct stat *status)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};

	if (copy_owner(copy, to, "", status) < 0)
		return -1;
	copy_attributes(copy, from, to);
	if (fchmod(to, status->st_mode & 07777) < 0)
		return -1;
	return futimens(to, times);
}

/* Copies from both positions on, @size bytes or to the end. The file system does it by reflink or
 * in its server, if it can. */
static int copy_extent(int from, int to, off_t size)
{
	ssize_t got = 1;

	for (; size > 0 && got > 0; size -= got > 0 ? got : 0)
		got = copy_file_range(from, NULL, to, NULL,
				      size < 1 << 30 ? (size_t)size : 1 << 30, 0);
	if (got >= 0)
		return 0;
	if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	for (got = 1; size > 0 && got > 0; size -= got > 0 ? got : 0)
		got = sendfile(to, from, NULL, size < 1 << 20 ? (size_t)size : 1 << 20);
	return got < 0 ? -1 : 0;
}

/* Skips holes: a file like lastlog would take many times its space without them. */
static int copy_extents(int from, int to, off_t size)
{
	off_t start = 0, end;

	while ((start = lseek(from, start, SEEK_DATA)) >= 0) {
		end = lseek(from, start, SEEK_HOLE);
		if (end < 0 || lseek(from, start, SEEK_SET) < 0 || lseek(to, start, SEEK_SET) < 0 ||
		    copy_extent(from, to, end - start) < 0)
			return -1;
		start = end;
	}
	return errno == ENXIO ? ftruncate(to, size) : -1;
}

static int copy_content(int from, int to, const struct stat *status)
{
	if (status->st_blocks < status->st_size / 512 && lseek(from, 0, SEEK_HOLE) >= 0 &&
	    lseek(from, 0, SEEK_SET) == 0)
		return copy_extents(from, to, status->st_size);
	return copy_extent(from, to, status->st_size);
}

/* Makes a file without content: overlay takes the content from the data layer (overlayfs.rst,
 * "Data-only lower layers"). */
static int refer_to_content(const struct copy *copy, int to, off_t size)
{
	char path[2 * PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/%s", copy->shift->data, copy->path);

	if (size == 0)
		return 0;
	return ftruncate(to, size) < 0 ||
	       fsetxattr(to, "user.overlay.metacopy", "", 0, 0) < 0 ||
	       fsetxattr(to, "user.overlay.redirect", path, (size_t)length, 0) < 0 ? -1 : 0;
}

static int copy_file(const struct copy *copy, int from_dir, int to_dir, const char *name,
		     const struct stat *status)
{
	bool refers = copy->shift != NULL && copy->shift->data != NULL;
	int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int to = from < 0 ? -1 : openat(to_dir, name,
					O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int result = -1, error;

	if (to >= 0 && (refers ? refer_to_content(copy, to, status->st_size)
			       : copy_content(from, to, status)) == 0)
		result = copy_metadata(copy, from, to, status);
	error = errno;
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	errno = error;
	return result;
}

static int copy_symlink(const struct copy *copy, int from_dir, int to_dir, const char *name,
			const struct stat *status)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};
	char content[PATH_MAX];
	ssize_t length = readlinkat(from_dir, name, content, sizeof(content) - 1);

	if (length < 0)
		return -1;
	content[length] = '\0';
	if (symlinkat(content, to_dir, name) < 0 || copy_owner(copy, to_dir, name, status) < 0)
		return -1;
	return utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_special(const struct copy *copy, int to_dir, const char *name,
			const struct stat *status)
{
	if (mknodat(to_dir, name, status->st_mode, 0) < 0 ||
	    copy_owner(copy, to_dir, name, status) < 0)
		return -1;
	return fchmodat(to_dir, name, status->st_mode & 07777, 0);
}

static int copy_subfolder(struct copy *copy, int from_dir, int to_dir, const char *name,
			  const struct stat *status)
{
	int from, to = -1, result = -1, error;

	if (copy->depth >= MAX_DEPTH) {
		errno = ELOOP;
		return -1;
	}
	from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from >= 0 && mkdirat(to_dir, name, 0700) == 0)
		to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	copy->depth++;
	if (to >= 0 && copy_folder(copy, from, to) == 0)
		result = copy_metadata(copy, from, to, status);
	copy->depth--;
	error = errno;
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	errno = error;
	return result;
}

static int compare_inodes(const void *one, const void *other)
{
	const struct linked *a = one, *b = other;

	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

static void free_linked(void *linked)
{
	free(((struct linked *)linked)->path);
	free(linked);
}

static void remember(struct copy *copy, const struct stat *status)
{
	struct linked *linked = malloc(sizeof(*linked));

	if (linked == NULL)
		return;
	*linked = (struct linked){status->st_dev, status->st_ino, strdup(copy->path)};
	if (linked->path == NULL || tsearch(linked, &copy->linked, compare_inodes) == NULL)
		free_linked(linked);
}

/* Return: 1 when the file became another name of an earlier copy, 0 when it must be copied. */
static int link_known(struct copy *copy, int to_dir, const char *name, const struct stat *status)
{
	struct linked key = {status->st_dev, status->st_ino, NULL};
	struct linked *const *first = tfind(&key, &copy->linked, compare_inodes);

	if (first != NULL)
		return linkat(copy->to, (*first)->path, to_dir, name, 0) == 0;
	remember(copy, status);
	return 0;
}

int copy_entry(struct copy *copy, int from, int to, const char *name)
{
	struct stat status;

	if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISDIR(status.st_mode))
		return copy_subfolder(copy, from, to, name, &status);
	if (status.st_nlink > 1 && link_known(copy, to, name, &status))
		return 0;
	if (S_ISREG(status.st_mode))
		return copy_file(copy, from, to, name, &status);
	if (S_ISLNK(status.st_mode))
		return copy_symlink(copy, from, to, name, &status);
	if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))
		return copy_special(copy, to, name, &status);
	return 0;
}

int copy_each(struct copy *copy, int folder, copy_visit visit, void *context)
{
	size_t length = strlen(copy->path);
	int list = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;
	DIR *names = list < 0 ? NULL : fdopendir(list);
	struct dirent *entry;

	if (names == NULL)
		return -1;
	while (result == 0 && (entry = readdir(names)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (length + strlen(entry->d_name) + 2 > sizeof(copy->path)) {
			errno = ENAMETOOLONG;
			result = -1;
			break;
		}
		sprintf(copy->path + length, "%s%s", length == 0 ? "" : "/", entry->d_name);
		result = visit(context, entry->d_name);
		/* On failure the path stays: it is what the failure is about. */
		if (result == 0)
			copy->path[length] = '\0';
	}
	closedir(names);
	return result;
}

struct copied_folder {
	struct copy *copy;
	int from, to;
};

static int copy_name(void *context, const char *name)
{
	const struct copied_folder *folder = context;

	return copy_entry(folder->copy, folder->from, folder->to, name);
}

static int copy_folder(struct copy *copy, int from, int to)
{
	struct copied_folder folder = {copy, from, to};

	return copy_each(copy, from, copy_name, &folder);
}

void copy_end(struct copy *copy)
{
	tdestroy(copy->linked, free_linked);
}

int tree_copy(int from, int to, bool itself, struct failure *failure)
{
	struct copy copy = {.to = to};
	struct stat status;
	int result = copy_folder(&copy, from, to);

	if (result == 0 && itself)
		result = fstat(from, &status) < 0 ? -1 : copy_metadata(&copy, from, to, &status);
	if (result < 0)
		fail(failure, "copy", copy.path, errno);
	copy_end(&copy);
	return result;
}
