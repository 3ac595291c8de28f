/* text-file.c - small texts of the kernel and of ours, read and written as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "text-file.h"

/* The kernel gives a page at most at a time, less a line that did not fit: what is shorter than
 * this was the end. */
enum { SURELY_LAST = 2048 };

ssize_t read_open_text(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t got = fd < 0 ? -1 : 0;

	while (fd >= 0 && length < size - 1) {
		got = read(fd, text + length, size - 1 - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got > 0)
			length += (size_t)got;
		if (got < SURELY_LAST)
			break;
	}
	text[got < 0 ? 0 : length] = '\0';
	if (fd >= 0)
		close(fd);
	return got < 0 ? -1 : (ssize_t)length;
}

ssize_t read_text(int dir_fd, const char *path, char *text, size_t size)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return read_open_text(fd, text, size);
}

int write_text(int dir_fd, const char *path, const char *text)
{
	int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW), error;

	if (fd < 0)
		return -1;
	error = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	errno = error;
	return error == 0 ? 0 : -1;
}
