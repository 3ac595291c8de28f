/* Path resolution below a root. Strings say what is wanted; only descriptors say where it is. */
#include "below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_LINKS = 40, MAX_RETRIES = 256 };

static int open_how(int dir, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = resolve};
	long fd = -1;

	/* EAGAIN: something was renamed or mounted while a `..` was resolved. */
	for (int i = 0; i < MAX_RETRIES; i++) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return (int)fd;
}

int below_open(int root, const char *path, int flags, bool strict)
{
	return open_how(root, path, flags,
			RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS |
			(strict ? RESOLVE_NO_SYMLINKS : 0));
}

/* A walk along a path. A symlink makes it start again, along another path. */
struct walk {
	int root;
	enum below_kind kind;
	bool strict;
	bool created;
	char path[PATH_MAX];
};

/* Makes @name in @parent and opens exactly what was made. */
static int create(struct walk *walk, int parent, const char *name, bool last)
{
	int fd;

	if (last && walk->kind == BELOW_FILE) {
		fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0644);
		if (fd < 0)
			return -1;
		close(fd);
	} else if (mkdirat(parent, name, 0755) < 0) {
		return -1;
	}
	walk->created = last;
	return open_how(parent, name, O_PATH | O_NOFOLLOW,
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/* Replaces the component at @start..@end of the path by the target of the link of that name. */
static int follow_link(struct walk *walk, int parent, const char *name, size_t start, size_t end)
{
	char link[PATH_MAX], path[PATH_MAX];
	ssize_t length = readlinkat(parent, name, link, sizeof(link) - 1);
	int written;

	if (length < 0)
		return errno == EINVAL ? 0 : -1;	/* it was replaced meanwhile: look again */
	if (walk->strict) {
		errno = ELOOP;
		return -1;
	}
	link[length] = '\0';
	written = snprintf(path, sizeof(path), "%.*s/%s/%s", link[0] == '/' ? 0 : (int)start,
			   walk->path, link, walk->path + end);
	if (written < 0 || (size_t)written >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(walk->path, path, (size_t)written + 1);
	return 0;
}

/* Walks the path component by component. Return: a descriptor, -1, or -2: start again. */
static int walk_once(struct walk *walk)
{
	int parent = open_how(walk->root, ".", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
	size_t start = 0, end, next;

	for (; parent >= 0; start = next) {
		char prefix[PATH_MAX], name[NAME_MAX + 1];
		int fd;

		start += strspn(walk->path + start, "/");
		if (walk->path[start] == '\0')
			return parent;
		end = start + strcspn(walk->path + start, "/");
		next = end + strspn(walk->path + end, "/");
		if (end - start > NAME_MAX) {
			errno = ENAMETOOLONG;
			break;
		}
		memcpy(prefix, walk->path, end);
		prefix[end] = '\0';
		memcpy(name, walk->path + start, end - start);
		name[end - start] = '\0';
		fd = below_open(walk->root, prefix, O_PATH, walk->strict);
		if (fd < 0 && errno == ENOENT)
			fd = create(walk, parent, name, walk->path[next] == '\0');
		if (fd < 0 && errno == EEXIST)
			fd = follow_link(walk, parent, name, start, end) < 0 ? -1 : -2;
		if (fd < 0) {
			int error = errno;

			close(parent);
			errno = error;
			return fd;
		}
		close(parent);
		parent = fd;
	}
	return -1;
}

int below_ensure(int root, const char *path, enum below_kind kind, bool strict, bool *created)
{
	struct walk walk = {.root = root, .kind = kind, .strict = strict};
	int fd = below_open(root, path, O_PATH, strict);

	if (created != NULL)
		*created = false;
	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (strlen(path) >= sizeof(walk.path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(walk.path, path);
	for (int i = 0; i < MAX_LINKS; i++) {
		fd = walk_once(&walk);
		if (fd != -2) {
			if (created != NULL)
				*created = fd >= 0 && walk.created;
			return fd;
		}
	}
	errno = ELOOP;
	return -1;
}
