/* named-file.c - opens files that a user names, and none that another user has planted. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "named-file.h"

static bool is_shared(const char *path)
{
	char folder[PATH_MAX];
	struct stat status;
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[1] = '\0';
	return stat(slash == NULL ? "." : folder, &status) == 0 &&
	       (status.st_mode & S_ISVTX) != 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* Root's are as good: a root caller's command makes the file (binds-of-root.ts). */
static bool is_own(const struct stat *status)
{
	return status->st_uid == geteuid() || status->st_uid == 0;
}

int open_named(const char *path, int flags, unsigned mode)
{
	const bool shared = is_shared(path);
	struct stat status;
	int fd, error = 0;

	if (shared && lstat(path, &status) == 0) {
		if (!is_own(&status)) {
			errno = EACCES;
			return -1;
		}
		/* The user's own link: nobody else can replace it in such a folder. */
		if (!S_ISLNK(status.st_mode))
			flags |= O_NOFOLLOW;
	} else if (shared) {
		flags |= O_NOFOLLOW;
	}
	/* It is cut after the look at whose it is. */
	fd = open(path, (flags & ~O_TRUNC) | O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, mode);
	if (fd < 0)
		return -1;
	if (shared && (fstat(fd, &status) < 0 || !is_own(&status)))
		error = EACCES;
	else if ((flags & O_TRUNC) != 0 && ftruncate(fd, 0) < 0 && errno != EINVAL)
		error = errno;
	if (error != 0) {
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}
