/* What chown and mknod do where only one id is mapped. The table has the numbers of these calls
 * on all architectures that a filter may cover; all else about a call is the same. */
#include "emulate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan.h"

enum kind { CHOWN = 1, LCHOWN, FCHOWN, FCHOWNAT, MKNOD, MKNODAT };

struct call {
	unsigned arch, number;
	enum kind kind;
	bool is_short;	/* its ids have 16 bits */
};

static const struct call calls[] = {
	{AUDIT_ARCH_X86_64, 92, CHOWN, false},	{AUDIT_ARCH_X86_64, 93, FCHOWN, false},
	{AUDIT_ARCH_X86_64, 94, LCHOWN, false},	{AUDIT_ARCH_X86_64, 260, FCHOWNAT, false},
	{AUDIT_ARCH_X86_64, 133, MKNOD, false},	{AUDIT_ARCH_X86_64, 259, MKNODAT, false},
	{AUDIT_ARCH_I386, 182, CHOWN, true},	{AUDIT_ARCH_I386, 95, FCHOWN, true},
	{AUDIT_ARCH_I386, 16, LCHOWN, true},	{AUDIT_ARCH_I386, 212, CHOWN, false},
	{AUDIT_ARCH_I386, 207, FCHOWN, false},	{AUDIT_ARCH_I386, 198, LCHOWN, false},
	{AUDIT_ARCH_I386, 298, FCHOWNAT, false}, {AUDIT_ARCH_I386, 14, MKNOD, false},
	{AUDIT_ARCH_I386, 297, MKNODAT, false},
	{AUDIT_ARCH_AARCH64, 55, FCHOWN, false}, {AUDIT_ARCH_AARCH64, 54, FCHOWNAT, false},
	{AUDIT_ARCH_AARCH64, 33, MKNODAT, false},
	{AUDIT_ARCH_ARM, 182, CHOWN, true},	{AUDIT_ARCH_ARM, 95, FCHOWN, true},
	{AUDIT_ARCH_ARM, 16, LCHOWN, true},	{AUDIT_ARCH_ARM, 212, CHOWN, false},
	{AUDIT_ARCH_ARM, 207, FCHOWN, false},	{AUDIT_ARCH_ARM, 198, LCHOWN, false},
	{AUDIT_ARCH_ARM, 325, FCHOWNAT, false},	{AUDIT_ARCH_ARM, 14, MKNOD, false},
	{AUDIT_ARCH_ARM, 324, MKNODAT, false},
};

/* The bit that marks x32 calls, as against those of x86_64. */
enum { X32_BIT = 0x40000000 };

/* A call's arguments, independent of which registers hold them. */
struct arguments {
	int fd, flags;
	uint64_t path;	/* 0: the descriptor alone */
	uint32_t first, second;	/* uid and gid, or mode and device */
};

/* The file that the call names, held by descriptors. */
struct target {
	struct tracee_place place;
	char path[PATH_MAX];
};

static const struct call *find_call(const struct seccomp_data *data)
{
	unsigned number = (unsigned)data->nr;

	if (data->arch == AUDIT_ARCH_X86_64)
		number &= ~(unsigned)X32_BIT;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].arch == data->arch && calls[i].number == number)
			return &calls[i];
	return NULL;
}

static uint32_t widen(uint64_t id, bool is_short)
{
	if (is_short)
		return (id & 0xffff) == 0xffff ? UINT32_MAX : (uint32_t)(id & 0xffff);
	return (uint32_t)id;
}

static struct arguments read_arguments(const struct call *call, const struct seccomp_data *data)
{
	const __u64 *args = data->args;
	bool has_folder = call->kind == FCHOWNAT || call->kind == MKNODAT;
	const __u64 *rest = args + (has_folder ? 2 : 1);
	struct arguments arguments = {
		.fd = has_folder || call->kind == FCHOWN ? (int)args[0] : AT_FDCWD,
		.flags = call->kind == LCHOWN ? AT_SYMLINK_NOFOLLOW
			 : call->kind == FCHOWN ? AT_EMPTY_PATH
			 : call->kind == FCHOWNAT ? (int)rest[2] : 0,
		.path = call->kind == FCHOWN ? 0 : rest[-1],
		.first = widen(rest[0], call->is_short),
		.second = widen(rest[1], call->is_short),
	};

	return arguments;
}

static bool is_valid(int listener, uint64_t id)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* `/dev/stdout` and the like are links to the process's own descriptors, through a /proc in which
 * this process has none. Return: the descriptor; -1 for any other path. */
static int descriptor_of(const char *path)
{
	static const char *const folders[] = {
		"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/",
	};
	static const char *const streams[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
	uint64_t fd;

	for (int i = 0; i < 3; i++) {
		size_t length = strlen(folders[i]);

		if (strcmp(path, streams[i]) == 0)
			return i;
		if (strncmp(path, folders[i], length) == 0 &&
		    parse_number(path + length, INT_MAX, &fd))
			return (int)fd;
	}
	return -1;
}

/* Reads what the call names, then makes sure that it was read from the calling process. */
static int read_target(const struct tracee *tracee, const struct seccomp_notif *request,
		       int listener, struct arguments *arguments, struct target *target)
{
	int fd = arguments->fd, result = 0;

	target->path[0] = '\0';
	if (arguments->path != 0)
		result = tracee_string(tracee, arguments->path, target->path,
				       sizeof(target->path));
	else if ((arguments->flags & AT_EMPTY_PATH) == 0)
		result = -EFAULT;
	if (result == 0 && target->path[0] == '/')
		fd = AT_FDCWD;
	if (result == 0 && (arguments->flags & AT_SYMLINK_NOFOLLOW) == 0 &&
	    descriptor_of(target->path) >= 0) {
		fd = descriptor_of(target->path);
		target->path[0] = '\0';
		arguments->flags |= AT_EMPTY_PATH;
	}
	if (result == 0)
		result = tracee_place_open(tracee, fd, &target->place);
	if (result == 0 && !is_valid(listener, request->id)) {
		tracee_place_close(&target->place);
		return -ESRCH;
	}
	return result;
}

static int change_owner(struct owners *owners, const struct arguments *arguments,
			const struct target *target)
{
	bool follow = (arguments->flags & AT_SYMLINK_NOFOLLOW) == 0, own;
	int fd, result;

	if ((arguments->flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	own = target->path[0] == '\0';
	if (own && (arguments->flags & AT_EMPTY_PATH) == 0)
		return -ENOENT;
	fd = own ? target->place.base : tracee_resolve(&target->place, target->path, follow);
	if (fd < 0)
		return fd;
	result = owners_change(owners, fd, arguments->first, arguments->second);
	if (!own)
		close(fd);
	return result;
}

/* Cuts the last component off @path, which becomes the folder's; NULL where there is none. */
static char *split_name(char *path)
{
	char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;

	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return NULL;
	return name;
}

static int make_device(struct owners *owners, const struct tracee *tracee,
		       const struct arguments *arguments, struct target *target)
{
	char *name = split_name(target->path), folder[PATH_MAX] = ".";
	mode_t mode = (arguments->first & ~07777U) | (arguments->first & 07777 & ~tracee->umask);
	int parent, result;

	if (name == NULL)
		return target->path[0] == '\0' ? -ENOENT : -EEXIST;
	if (name != target->path)
		snprintf(folder, sizeof(folder), "%.*s", (int)(name - target->path), target->path);
	parent = tracee_resolve(&target->place, folder, true);
	if (parent < 0)
		return parent;
	result = owners_make_device(owners, parent, name, mode, arguments->second);
	close(parent);
	return result;
}

/* Checks the caller's capabilities, as the kernel would have done. */
static bool may(const struct tracee *tracee, unsigned capability)
{
	return (tracee->capabilities >> capability & 1) != 0;
}

int emulated_call(const struct tracee_view *view, struct owners *owners,
		  const struct seccomp_notif *request, int listener)
{
	const struct call *call = find_call(&request->data);
	struct arguments arguments;
	static struct target target;
	struct tracee tracee;
	int result;

	if (call == NULL)
		return -ENOSYS;
	arguments = read_arguments(call, &request->data);
	result = tracee_open(view, (pid_t)request->pid, &tracee);
	if (result < 0)
		return result;
	/* In a user namespace that the process made itself it has all capabilities, but none in
	 * ours. The kernel decides on its call, by its own rights: no check of ours can be
	 * bypassed. A thread that waits can't change its namespace any more. */
	if (tracee.is_foreign)
		result = is_valid(listener, request->id) ? CALL_GOES_ON : -ESRCH;
	else if (call->kind < MKNOD && !may(&tracee, CAP_CHOWN))
		result = -EPERM;
	if (result == 0)
		result = read_target(&tracee, request, listener, &arguments, &target);
	if (result == 0) {
		result = call->kind < MKNOD ? change_owner(owners, &arguments, &target)
					    : make_device(owners, &tracee, &arguments, &target);
		tracee_place_close(&target.place);
	}
	tracee_close(&tracee);
	return result;
}
