/* Makes the plan's mounts, each attached where a descriptor pins the target. The kernel never
 * resolves the name of a target outside the container's root. */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "below.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

static unsigned attributes_of(uint64_t flags)
{
	static const struct {
		uint64_t flag;
		unsigned attribute;
	} table[] = {
		{MS_RDONLY, MOUNT_ATTR_RDONLY},		{MS_NOSUID, MOUNT_ATTR_NOSUID},
		{MS_NODEV, MOUNT_ATTR_NODEV},		{MS_NOEXEC, MOUNT_ATTR_NOEXEC},
		{MS_NOATIME, MOUNT_ATTR_NOATIME},	{MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
		{MS_STRICTATIME, MOUNT_ATTR_STRICTATIME}, {256, MOUNT_ATTR_NOSYMFOLLOW},
	};
	unsigned attributes = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if ((flags & table[i].flag) != 0)
			attributes |= table[i].attribute;
	}
	return attributes;
}

/**
 * open_target() - Where a mount goes
 *
 * The root itself is no target, and neither is a folder of a procfs: a mount there would put a
 * counterfeit in the place of what every later check of /proc relies on.
 */
static int open_target(struct setup *setup, const char *target, enum below_kind kind, bool strict)
{
	int fd = below_ensure(setup->root, target, kind, strict, NULL);
	struct stat status, root;
	struct statfs fs;

	if (fd < 0)
		return fail(setup->failure, "open mount target", target, errno);
	if (fstat(fd, &status) < 0 || fstat(setup->root, &root) < 0 || fstatfs(fd, &fs) < 0)
		fail(setup->failure, "open mount target", target, errno);
	else if (status.st_dev == root.st_dev && status.st_ino == root.st_ino)
		fail_because(setup->failure, "mount on", target, "is the root of the container", 0);
	else if (fs.f_type == PROC_SUPER_MAGIC && S_ISDIR(status.st_mode))
		fail_because(setup->failure, "mount on", target, "is a folder of /proc", 0);
	else
		return fd;
	close(fd);
	return -1;
}

/* Attaches @mount and closes @target. @mount stays open only if this succeeds. */
static int attach(struct setup *setup, int mount, int target, const char *name)
{
	int result = mount_attach(mount, target), error = errno;
	struct stat source, place;

	/* move_mount(2) returns EINVAL for many reasons; this is the one that users meet. */
	if (result < 0 && fstat(mount, &source) == 0 && fstat(target, &place) == 0 &&
	    S_ISDIR(source.st_mode) != S_ISDIR(place.st_mode))
		fail_because(setup->failure, "mount on", name,
			     S_ISDIR(place.st_mode) ? "it is a folder, and the source is none"
						    : "it is no folder, and the source is one",
			     error);
	else if (result < 0)
		fail(setup->failure, "mount on", name, error);
	close(target);
	return result;
}

/* Copies the caller's mount at @path, because the kernel refuses the container a new one. */
static int copy_of_callers(const char *path, unsigned attributes)
{
	int mount = mount_copy(AT_FDCWD, path, true);

	if (mount >= 0 && mount_restrict(mount, attributes, true) < 0) {
		int error = errno;

		close(mount);
		errno = error;
		return -1;
	}
	return mount;
}

/* Mounts procfs, and keeps the mount's descriptor: sysctls are written through it later. */
static int make_proc(struct setup *setup, const char *options, unsigned attributes)
{
	int mount = mount_new("proc", "proc", options, attributes, NULL);
	struct statfs fs;

	if (mount < 0 && (errno == EPERM || errno == EACCES))
		mount = copy_of_callers("/proc", attributes & ~(unsigned)MOUNT_ATTR_RDONLY);
	if (mount >= 0 && (fstatfs(mount, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)) {
		close(mount);
		errno = EINVAL;
		return -1;
	}
	if (mount >= 0 && setup->proc < 0)
		setup->proc = fcntl(mount, F_DUPFD_CLOEXEC, 3);
	return mount;
}

static int make_sysfs(const char *options, unsigned attributes)
{
	int mount = mount_new("sysfs", "sysfs", options, attributes, NULL);

	if (mount < 0 && (errno == EPERM || errno == EACCES))
		mount = copy_of_callers("/sys", attributes | MOUNT_ATTR_RDONLY);
	return mount;
}

/* Mounts the unified hierarchy. In the caller's cgroup namespace a new mount would show the
 * caller's own cgroups and allow changes, so there a read-only copy is bound instead. */
static int make_cgroup(struct setup *setup, const char *options, unsigned attributes)
{
	const struct plan_record *record = NULL;
	bool own = false;
	int mount = -1;

	while ((record = plan_next(setup->plan, OP_NAMESPACE, record)) != NULL)
		own = own || (strcmp(record->args[0], "cgroup") == 0 &&
			      strcmp(record->args[1], "new") == 0);
	if (own)
		mount = mount_new("cgroup2", "cgroup2", options, attributes, NULL);
	if (mount < 0)
		mount = copy_of_callers("/sys/fs/cgroup", attributes | MOUNT_ATTR_RDONLY);
	if (mount < 0)
		mount = mount_new("tmpfs", "tmpfs", "size=0,nr_inodes=1,mode=555",
				  attributes | MOUNT_ATTR_RDONLY, NULL);
	return mount;
}

static bool has_option(const char *options, const char *option)
{
	size_t length = strlen(option);

	for (const char *at = options; (at = strstr(at, option)) != NULL; at += length) {
		bool starts = at == options || at[-1] == ',';
		bool ends = option[length - 1] == '=' || at[length] == ',' || at[length] == '\0';

		if (starts && ends)
			return true;
	}
	return false;
}

/* Without these options the tmpfs takes owner and mode of the image's folder. */
static bool takes_after_target(const char *options)
{
	return !has_option(options, "mode=") && !has_option(options, "uid=") &&
	       !has_option(options, "gid=");
}

/* Mounts a tmpfs. With `tmpcopyup`, our own option, it gets a copy of what is at its target. */
static int make_tmpfs(struct setup *setup, const struct plan_record *record, unsigned attributes,
		      int target, char *reason)
{
	const char *options = record->args[4];
	bool fill = has_option(options, "tmpcopyup");
	char *copy = strdup(options), *word;
	int mount, from, to;

	if (copy == NULL)
		return -1;
	/* Blank the name: the kernel skips empty options. */
	for (int i = 0; i < 3; i++) {
		static const char *const words[] = {"notmpcopyup", "tmpcopyup", "U"};

		if (has_option(copy, words[i]) && (word = strstr(copy, words[i])) != NULL)
			memset(word, ',', strlen(words[i]));
	}
	mount = mount_new("tmpfs", record->args[1], copy,
			  attributes & ~(unsigned)(fill ? MOUNT_ATTR_RDONLY : 0), reason);
	free(copy);
	if (mount >= 0 && !has_option(options, "uid=") &&
	    (has_option(options, "U") ? setup_give_new : setup_give)(setup, mount) < 0) {
		close(mount);
		return -1;
	}
	if (mount < 0 || !fill)
		return mount;
	from = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* The descriptor of fsmount(2) is an O_PATH one, so open the folder for reading. */
	to = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0 || to < 0 ||
	    tree_copy(from, to, takes_after_target(options), setup->failure) < 0 ||
	    mount_restrict(mount, attributes & MOUNT_ATTR_RDONLY, false) < 0) {
		close(mount);
		mount = -1;
	}
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return mount;
}

int setup_mount(struct setup *setup, const struct plan_record *record)
{
	const char *fstype = record->args[0], *name = record->args[2], *options = record->args[4];
	bool proc = strcmp(fstype, "proc") == 0, sysfs = strcmp(fstype, "sysfs") == 0;
	char reason[REASON_SIZE] = "";
	unsigned attributes;
	uint64_t flags;
	int target, mount;

	if (!parse_number(record->args[3], UINT32_MAX, &flags) || (flags & MS_REMOUNT) != 0)
		return fail_because(setup->failure, "mount on", name, "bad flags", 0);
	attributes = attributes_of(flags);
	target = open_target(setup, name, BELOW_FOLDER, proc || sysfs);
	if (target < 0)
		return -1;
	errno = 0;
	if (proc)
		mount = make_proc(setup, options, attributes);
	else if (sysfs)
		mount = make_sysfs(options, attributes);
	else if (strcmp(fstype, "cgroup") == 0 || strcmp(fstype, "cgroup2") == 0)
		mount = make_cgroup(setup, options, attributes);
	else if (strcmp(fstype, "tmpfs") == 0)
		mount = make_tmpfs(setup, record, attributes, target, reason);
	else
		mount = mount_new(fstype, record->args[1], options, attributes, reason);
	if (mount < 0) {
		close(target);
		if (strcmp(fstype, "mqueue") == 0 && errno == EPERM)
			return 0;
		return fail_because(setup->failure, "mount on", name, reason, errno);
	}
	if (attach(setup, mount, target, name) < 0) {
		close(mount);
		return -1;
	}
	close(mount);
	return 0;
}

/* Copies the source's mount, with the plan's restrictions and propagation. */
static int copy_source(const struct plan_record *record, uint64_t flags, uint64_t propagation)
{
	bool recursive = (flags & MS_REC) != 0;
	int mount, error, looks = 0;
	struct mount_attr attr = {.propagation = propagation & ~(uint64_t)MS_REC};

	do
		mount = mount_copy(AT_FDCWD, record->args[0], recursive);
	while (mount < 0 && mount_look_again(errno, &looks));
	if (mount < 0)
		return -1;
	if (attr.propagation == 0)
		attr.propagation = MS_PRIVATE;
	if (mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
			  sizeof(attr)) == 0 &&
	    mount_restrict(mount, attributes_of(flags), recursive) == 0)
		return mount;
	error = errno;
	close(mount);
	errno = error;
	return -1;
}

int setup_bind(struct setup *setup, const struct plan_record *record)
{
	const char *source = record->args[0], *name = record->args[1], *kind = record->args[4];
	uint64_t flags, propagation;
	struct stat status;
	int mount, target, result;

	if (!parse_number(record->args[2], UINT32_MAX, &flags) ||
	    !parse_number(record->args[3], UINT32_MAX, &propagation) || source[0] != '/')
		return fail_because(setup->failure, "bind on", name, "bad flags or source", 0);
	mount = copy_source(record, flags, propagation);
	if (mount < 0)
		return fail(setup->failure, "bind", source, errno);
	if (fstat(mount, &status) < 0) {
		fail(setup->failure, "bind", source, errno);
		close(mount);
		return -1;
	}
	if (strcmp(kind, "any") != 0 && (strcmp(kind, "dir") == 0) != S_ISDIR(status.st_mode)) {
		close(mount);
		return fail(setup->failure, "bind", source,
			    S_ISDIR(status.st_mode) ? EISDIR : ENOTDIR);
	}
	target = open_target(setup, name, S_ISDIR(status.st_mode) ? BELOW_FOLDER : BELOW_FILE,
			     false);
	result = target < 0 ? -1 : attach(setup, mount, target, name);
	close(mount);
	return result;
}

int setup_overlay_bind(struct setup *setup, const struct plan_record *record)
{
	struct plan_record layers = {OP_OVERLAY, record->count - 3, record->args + 3};
	const char *name = record->args[1];
	int mount, target, result;
	uint64_t flags;

	if (!parse_number(record->args[2], UINT32_MAX, &flags))
		return fail_because(setup->failure, "mount on", name, "bad flags", 0);
	mount = overlay_of(setup, record->args[0], &layers);
	if (mount < 0)
		return -1;
	target = open_target(setup, name, BELOW_FOLDER, false);
	result = target < 0 ? -1 : attach(setup, mount, target, name);
	if (result == 0 && mount_restrict(mount, attributes_of(flags), false) < 0)
		result = fail(setup->failure, "mount on", name, errno);
	close(mount);
	return result;
}

int setup_symlink(struct setup *setup, const struct plan_record *record)
{
	const char *content = record->args[0], *link = record->args[1];
	const char *name = strrchr(link, '/');
	char folder[4096];
	int parent, result;

	if (name == NULL || name[1] == '\0' || strlen(link) >= sizeof(folder))
		return fail(setup->failure, "create symlink", link, EINVAL);
	snprintf(folder, sizeof(folder), "%.*s/", (int)(name - link), link);
	parent = below_ensure(setup->root, folder, BELOW_FOLDER, false, NULL);
	if (parent < 0)
		return fail(setup->failure, "create symlink", link, errno);
	result = symlinkat(content, parent, name + 1) == 0 || errno == EEXIST
		? 0 : fail(setup->failure, "create symlink", link, errno);
	close(parent);
	return result;
}
