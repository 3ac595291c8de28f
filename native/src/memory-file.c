/*
 * memory-file.c - a file without a name, which is written once and read by a descriptor, and how
 * such a text is written.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory-file.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U	/* Linux 6.3 */
#endif

/**
 * memory_file() - An empty file in memory, closed when a program is executed
 *
 * Where vm.memfd_noexec is 2 it must be said that nothing in it is executed, which older kernels
 * do not understand. Return: its descriptor, or -1.
 */
int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC) : fd;
}

/**
 * write_all() - All @size bytes; a signal does not cut them off. Return: false with errno
 */
bool write_all(int fd, const void *bytes, size_t size)
{
	while (size > 0) {
		ssize_t wrote = write(fd, bytes, size);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return false;
		bytes = (const char *)bytes + wrote;
		size -= (size_t)wrote;
	}
	return true;
}
