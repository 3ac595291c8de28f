/*
 * memory-file.c - a file without a name, which is written once and read by a descriptor.
 */
#include <errno.h>
#include <sys/mman.h>

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
