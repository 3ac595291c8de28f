/* Copies a tree by descriptor, and with it fills an empty volume from what the image has at the
 * volume's place. Device nodes are left out: they can't be made in a user namespace. */
#include "setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "below.h"
#include "copy.h"
#include "remove.h"

static int copy_folder(struct copy *copy, int from, int to);

/* True for a copy that shall be like the original in all. */
static bool is_exact(const struct copy *copy)
{
	return copy->shift != NULL && copy->shift->uids.count == 0;
}

/* Attributes that belong to the user or carry capabilities; never overlay's own. Access lists
 * name ids: only where these stay. */
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
		/* What the target's file system can't hold is no reason to lose the file. */
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

/* Owner first: changing it clears the set-id bits and file capabilities. An owner that has no
 * mapped id stays the copier. */
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

/* Copies from both positions on, @size bytes or to the end. By reflink or in the server where the
 * file system can. */
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

/* A file with holes, such as lastlog, takes its length many times over without them. */
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

/* A file without content, whose content overlay takes from the layer of data (overlayfs.rst,
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

/* Where the file is, or belongs. The table is never full. */
static struct linked *find_linked(const struct copy *copy, dev_t device, ino_t inode)
{
	size_t at = (size_t)inode % copy->linked_room;

	for (; copy->linked[at].path != NULL; at = (at + 1) % copy->linked_room)
		if (copy->linked[at].device == device && copy->linked[at].inode == inode)
			break;
	return &copy->linked[at];
}

static bool grow_linked(struct copy *copy)
{
	struct copy grown = {.linked_room = copy->linked_room == 0 ? 64 : copy->linked_room * 2};

	grown.linked = calloc(grown.linked_room, sizeof(*grown.linked));
	if (grown.linked == NULL)
		return false;
	for (size_t i = 0; i < copy->linked_room; i++)
		if (copy->linked[i].path != NULL)
			*find_linked(&grown, copy->linked[i].device, copy->linked[i].inode) =
				copy->linked[i];
	free(copy->linked);
	copy->linked = grown.linked;
	copy->linked_room = grown.linked_room;
	return true;
}

/* Return: 1 when the file became another name of an earlier copy, 0 when it must be copied. */
static int link_known(struct copy *copy, int to_dir, const char *name, const struct stat *status)
{
	struct linked *linked;

	if (copy->linked_count * 2 >= copy->linked_room && !grow_linked(copy))
		return 0;
	linked = find_linked(copy, status->st_dev, status->st_ino);
	if (linked->path != NULL)
		return linkat(copy->to, linked->path, to_dir, name, 0) == 0;
	*linked = (struct linked){status->st_dev, status->st_ino, strdup(copy->path)};
	copy->linked_count += linked->path != NULL;
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
	for (size_t i = 0; i < copy->linked_room; i++)
		free(copy->linked[i].path);
	free(copy->linked);
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

/* Moves all from the finished copy into the volume, then gives it the image folder's owner. */
static int move_in(int copied, int data)
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
	return result < 0 ? -1 : copy_metadata(&(struct copy){0}, copied, data, &status);
}

/* Copies beside the volume under one name, renames to another when all is there, then moves in: a
 * start that is killed on the way is finished by the next one. */
static int fill(int parent, const char *name, int from, int data, struct failure *failure)
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
	result = move_in(fd, data);
	close(fd);
	if (result < 0 || unlinkat(parent, copied, AT_REMOVEDIR) < 0)
		return fail(failure, "copy to volume", name, errno);
	return 0;
}

/* A new volume of a container whose ids don't include the caller's would be nobody's there. */
static int give_new(struct setup *setup, int data)
{
	struct userns container;

	if (!userns_of_container(setup->plan, &container, setup->failure) || !is_empty(data))
		return setup->failure->stage[0] == '\0' ? 0 : -1;
	for (size_t i = 0; i < container.uids.count; i++)
		if (container.uids.extents[i].outside == 0)
			return 0;
	return setup_give(setup, data);
}

/* Two containers start with the same new volume: one copies, the other finds it full. */
static int fill_once(const char *path, int from, int data, struct failure *failure)
{
	const char *name = strrchr(path, '/');
	int parent = openat(data, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (parent < 0 || name == NULL || name[1] == '\0' || flock(parent, LOCK_EX) < 0)
		result = fail(failure, "copy to volume", path, errno);
	else
		result = fill(parent, name + 1, from, data, failure);
	if (parent >= 0)
		close(parent);
	return result;
}

/* Nobody has put anything into it, or given it to anybody. */
static bool is_new(int data)
{
	struct stat status;

	return fstat(data, &status) == 0 && status.st_uid == 0 && is_empty(data);
}

int setup_copy_up(struct setup *setup, const struct plan_record *record)
{
	const char *target = record->args[0], *path = record->args[1];
	int data = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), from, result;

	if (data < 0)
		return fail(setup->failure, "copy to volume", path, errno);
	result = give_new(setup, data);
	from = below_open(setup->root, target, O_RDONLY | O_DIRECTORY, false);
	if (result == 0 && from >= 0)
		result = fill_once(path, from, data, setup->failure);
	else if (result == 0 && errno != ENOENT && errno != ENOTDIR)
		result = fail(setup->failure, "copy to volume", target, errno);
	else if (result == 0 && is_new(data))
		result = setup_give_new(setup, data);
	if (from >= 0)
		close(from);
	close(data);
	return result;
}
