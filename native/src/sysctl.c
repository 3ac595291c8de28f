/* Writes the container's sysctls through a procfs that only this process can reach, and only
 * those that belong to a namespace that is not the host's. */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static const struct {
	const char *prefix, *namespace;
} namespaced[] = {
	{"net/", "net"},
	{"kernel/shm", "ipc"}, {"kernel/msg", "ipc"}, {"kernel/sem", "ipc"}, {"fs/mqueue/", "ipc"},
	{"kernel/hostname", "uts"}, {"kernel/domainname", "uts"},
};

static bool is_own(const struct plan *plan, const char *namespace)
{
	const struct plan_record *record = NULL;

	while ((record = plan_next(plan, OP_NAMESPACE, record)) != NULL) {
		if (strcmp(record->args[0], namespace) == 0)
			return strcmp(record->args[1], "host") != 0;
	}
	return false;
}

/* Turns `net.ipv4.ip_forward` into a path; a key with a slash is one already. */
static bool key_path(const char *key, char *path, size_t size)
{
	bool dotted = strchr(key, '/') == NULL;
	size_t length = strlen(key);

	if (length == 0 || length >= size)
		return false;
	memcpy(path, key, length + 1);
	for (char *at = path; dotted && *at != '\0'; at++) {
		if (*at == '.')
			*at = '/';
	}
	return path[0] != '/' && path[length - 1] != '/' && strstr(path, "//") == NULL &&
	       strstr(path, "..") == NULL;
}

static bool is_allowed(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < sizeof(namespaced) / sizeof(namespaced[0]); i++) {
		if (strncmp(path, namespaced[i].prefix, strlen(namespaced[i].prefix)) == 0)
			return is_own(plan, namespaced[i].namespace);
	}
	return false;
}

/* A procfs for plans that mount none. */
static int open_proc(struct setup *setup)
{
	struct statfs fs;

	if (setup->proc >= 0)
		return 0;
	setup->proc = mount_new("proc", "proc", "", 0, NULL);
	if (setup->proc < 0)
		setup->proc = mount_copy(AT_FDCWD, "/proc", true);
	if (setup->proc < 0)
		return -1;
	if (fstatfs(setup->proc, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

static int write_sysctl(struct setup *setup, const char *key, const char *value)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	size_t length = strlen(value);
	char path[256] = "sys/";
	int fd, error = 0;

	if (!key_path(key, path + 4, sizeof(path) - 4))
		return fail_because(setup->failure, "set sysctl", key, "not a name", 0);
	if (!is_allowed(setup->plan, path + 4))
		return fail_because(setup->failure, "set sysctl", key,
				    "not of a namespace of the container", 0);
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)value[i] < 0x20 && value[i] != '\t')
			return fail_because(setup->failure, "set sysctl", key,
					    "control character in the value", 0);
	}
	if (open_proc(setup) < 0)
		return fail(setup->failure, "set sysctl", key, errno);
	fd = (int)syscall(SYS_openat2, setup->proc, path, &how, sizeof(how));
	if (fd < 0)
		return fail(setup->failure, "set sysctl", key, errno);
	if (write(fd, value, length) != (ssize_t)length)
		error = errno;
	close(fd);
	return error == 0 ? 0 : fail(setup->failure, "set sysctl", key, error);
}

int setup_sysctls(struct setup *setup)
{
	const struct plan_record *record = NULL;

	while ((record = plan_next(setup->plan, OP_SYSCTL, record)) != NULL) {
		if (write_sysctl(setup, record->args[0], record->args[1]) < 0)
			return -1;
	}
	return 0;
}
