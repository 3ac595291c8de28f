/* Reads memory, capabilities and paths of a process whose system call waits for an answer. */
#include "tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "setup.h"
#include "text-file.h"

enum { PAGE = 4096, STATUS_MAX = 4096, RETRIES = 64 };

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* A pid namespace of the supervisor's own has no procfs attached anywhere; where the kernel
 * refuses a new one, ids are translated into those of the host's. */
int tracee_view_open(struct tracee_view *view)
{
	struct stat own;

	if (stat("/proc/self/ns/user", &own) < 0)
		return -1;
	view->user_namespace = own.st_ino;
	view->translates = false;
	view->proc = getppid() == 1 ? mount_new("proc", "proc", "", 0, NULL) : -1;
	if (view->proc >= 0)
		return 0;
	view->translates = true;
	view->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return view->proc < 0 ? -1 : 0;
}

/* The id of a process in the pid namespace of the host's procfs; 0 where it is not known. */
static pid_t translate(const struct tracee_view *view, pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, PIDFD_THREAD);
	char path[48], text[512], *at;

	if (fd < 0)
		fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "thread-self/fdinfo/%d", fd);
	read_text(view->proc, path, text, sizeof(text));
	close(fd);
	at = strstr(text, "\nPid:");
	return at == NULL ? 0 : atoi(at + 5);
}

static const char *status_field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at == NULL ? "" : at + strlen(name);
}

int tracee_open(const struct tracee_view *view, pid_t pid, struct tracee *tracee)
{
	pid_t shown = view->translates ? translate(view, pid) : pid;
	char text[STATUS_MAX];
	struct stat own;

	snprintf(text, sizeof(text), "%d", shown);
	tracee->pid = pid;
	tracee->proc = openat(view->proc, text, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tracee->proc < 0)
		return -errno;
	if (read_text(tracee->proc, "status", text, sizeof(text)) <= 0) {
		tracee_close(tracee);
		return -ESRCH;
	}
	tracee->umask = (mode_t)strtoul(status_field(text, "\nUmask:"), NULL, 8);
	tracee->capabilities = strtoull(status_field(text, "\nCapEff:"), NULL, 16);
	if (fstatat(tracee->proc, "ns/user", &own, 0) < 0) {
		int error = errno;

		tracee_close(tracee);
		return -error;
	}
	tracee->is_foreign = own.st_ino != view->user_namespace;
	return 0;
}

void tracee_close(struct tracee *tracee)
{
	close(tracee->proc);
	tracee->proc = -1;
}

/* Page by page: what lies behind the string's end may not be mapped. */
int tracee_string(const struct tracee *tracee, uint64_t address, char *text, size_t size)
{
	size_t length = 0;

	while (length < size) {
		size_t step = PAGE - (address + length) % PAGE;
		struct iovec local = {text + length, step < size - length ? step : size - length};
		struct iovec remote = {(void *)(uintptr_t)(address + length), local.iov_len};
		ssize_t got = process_vm_readv(tracee->pid, &local, 1, &remote, 1, 0);

		if (got <= 0)
			return got < 0 ? -errno : -EFAULT;
		if (memchr(text + length, '\0', (size_t)got) != NULL)
			return 0;
		length += (size_t)got;
	}
	return -ENAMETOOLONG;
}

int tracee_place_open(const struct tracee *tracee, int fd, struct tracee_place *place)
{
	char name[24] = "cwd";

	place->base = -1;
	if (fd != AT_FDCWD)
		snprintf(name, sizeof(name), "fd/%d", fd);
	place->root = openat(tracee->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place->root < 0)
		return -errno;
	place->base = openat(tracee->proc, name, O_PATH | O_CLOEXEC);
	if (place->base < 0) {
		int error = errno == ENOENT && fd != AT_FDCWD ? EBADF : errno;

		tracee_place_close(place);
		return -error;
	}
	return 0;
}

void tracee_place_close(struct tracee_place *place)
{
	close(place->root);
	if (place->base >= 0)
		close(place->base);
}

int tracee_resolve(const struct tracee_place *place, const char *path, bool follow)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW),
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	if (fchdir(place->root) < 0 || chroot(".") < 0)
		return -errno;
	if (path[0] != '/' && fchdir(place->base) < 0)
		return -errno;
	for (int i = 0; i < RETRIES; i++) {
		fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}
