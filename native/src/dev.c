/* The container's private /dev: a tmpfs with the few devices that every program expects, each
 * bound from the host by a descriptor whose device number was checked. */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "below.h"
#include "namespaces.h"

static const struct {
	const char *path, *name;
	unsigned major, minor;
} devices[] = {
	{"/dev/null", "null", 1, 3},	 {"/dev/zero", "zero", 1, 5},
	{"/dev/full", "full", 1, 7},	 {"/dev/random", "random", 1, 8},
	{"/dev/urandom", "urandom", 1, 9}, {"/dev/tty", "tty", 5, 0},
};

static const struct {
	const char *content, *name;
} links[] = {
	{"/proc/self/fd", "fd"},	{"/proc/self/fd/0", "stdin"},
	{"/proc/self/fd/1", "stdout"},	{"/proc/self/fd/2", "stderr"},
	{"pts/ptmx", "ptmx"},		{"/proc/kcore", "core"},
};

/* Binds the mount @from on the new file @name in @folder. */
static int bind_file(int folder, const char *name, int from)
{
	int fd = openat(folder, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int result;

	if (fd < 0)
		return -1;
	result = mount_attach(from, fd);
	close(fd);
	return result;
}

static int make_device(struct setup *setup, int dev, size_t index)
{
	int mount = mount_copy(AT_FDCWD, devices[index].path, false), result = -1;
	struct stat status;

	if (mount < 0)
		return fail(setup->failure, "bind device", devices[index].path, errno);
	if (fstat(mount, &status) < 0)
		status.st_mode = 0;
	if (!S_ISCHR(status.st_mode) ||
	    status.st_rdev != makedev(devices[index].major, devices[index].minor))
		fail(setup->failure, "bind device", devices[index].path, ENODEV);
	else if (mount_isolate(mount) < 0 ||
		 mount_restrict(mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false) < 0 ||
		 bind_file(dev, devices[index].name, mount) < 0)
		fail(setup->failure, "bind device", devices[index].path, errno);
	else
		result = 0;
	close(mount);
	return result;
}

/* A new file system on the new folder @name of /dev. Return: its mount, or -1 and errno. */
static int mount_below(int dev, const char *name, const char *fstype, const char *options)
{
	unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	int mount, target, error = 0;

	/* devpts would have no working terminals with nodev. */
	if (strcmp(fstype, "devpts") != 0)
		attributes |= MOUNT_ATTR_NODEV;
	mount = mount_new(fstype, fstype, options, attributes, NULL);
	if (mount < 0)
		return -1;
	if (mkdirat(dev, name, 0755) < 0 ||
	    (target = openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC)) < 0) {
		error = errno;
	} else {
		if (mount_attach(mount, target) < 0)
			error = errno;
		close(target);
	}
	if (error == 0)
		return mount;
	close(mount);
	errno = error;
	return -1;
}

int pty_open(int devpts, int *master, int *slave)
{
	int unlock = 0, error;

	*slave = -1;
	*master = openat(devpts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (*master < 0)
		return -1;
	/* Opens the slave through the master, never by a name that somebody may have replaced. */
	if (ioctl(*master, TIOCSPTLCK, &unlock) == 0)
		*slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave >= 0)
		return 0;
	error = errno;
	close(*master);
	*master = -1;
	errno = error;
	return -1;
}

static int make_pts(struct setup *setup, int dev, bool tty)
{
	int pts = mount_below(dev, "pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5");
	int console, result = 0;

	if (pts < 0 && errno == EINVAL)	/* the group tty is not mapped */
		pts = mount_below(dev, "pts", "devpts", "newinstance,ptmxmode=0666,mode=0620");
	if (pts < 0)
		return fail(setup->failure, "mount on", "/dev/pts", errno);
	if (tty) {
		if (pty_open(pts, &setup->terminal, &setup->tty) < 0)
			result = fail(setup->failure, "open terminal", "", errno);
		console = result < 0 ? -1 : mount_copy(setup->tty, "", false);
		if (result == 0 && (console < 0 || bind_file(dev, "console", console) < 0))
			result = fail(setup->failure, "bind terminal", "/dev/console", errno);
		if (console >= 0)
			close(console);
	}
	close(pts);
	return result;
}

/* The tmpfs at /dev/shm of the container whose ipc namespace is shared, copied from within its
 * mount namespace: nothing can be copied from outside. Its files are not trusted: no link is
 * followed, and what is no tmpfs is not taken. -1 where there is none. */
static int copy_shared_memory(const struct plan_record *ipc)
{
	int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int other = namespaces_open(ipc, "ns/mnt"), mount = -1, root, folder = -1;
	struct statfs fs;

	if (own >= 0 && other >= 0 && setns(other, CLONE_NEWNS) == 0) {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root >= 0)
			folder = below_open(root, "dev/shm", O_PATH | O_DIRECTORY, true);
		if (folder >= 0 && fstatfs(folder, &fs) == 0 && fs.f_type == TMPFS_MAGIC)
			mount = mount_copy(folder, "", false);
		if (setns(own, CLONE_NEWNS) < 0)
			_exit(EXIT_ENGINE);
		if (root >= 0)
			close(root);
		if (folder >= 0)
			close(folder);
	}
	if (own >= 0)
		close(own);
	if (other >= 0)
		close(other);
	return mount;
}

/* Return: 1 if it is another container's, 0 if there is none to take, -1 on failure. */
static int take_shared_memory(struct setup *setup, int dev)
{
	const struct plan_record *record = NULL;
	int mount, target = -1;

	while ((record = plan_next(setup->plan, OP_NAMESPACE, record)) != NULL)
		if (strcmp(record->args[0], "ipc") == 0 && strcmp(record->args[1], "join-pid") == 0)
			break;
	mount = record == NULL ? -1 : copy_shared_memory(record);
	if (mount < 0)
		return 0;
	if (mount_isolate(mount) < 0 || mkdirat(dev, "shm", 0755) < 0 ||
	    (target = openat(dev, "shm", O_PATH | O_NOFOLLOW | O_CLOEXEC)) < 0 ||
	    mount_attach(mount, target) < 0)
		fail(setup->failure, "share", "/dev/shm", errno);
	else
		record = NULL;
	if (target >= 0)
		close(target);
	close(mount);
	return record == NULL ? 1 : -1;
}

static int make_shared_memory(struct setup *setup, int dev, uint64_t size)
{
	int mount, taken = take_shared_memory(setup, dev);
	char options[64];

	if (taken < 0)
		return -1;
	if (size > 0 && taken == 0) {
		snprintf(options, sizeof(options), "mode=1777,size=%llu", (unsigned long long)size);
		mount = mount_below(dev, "shm", "tmpfs", options);
		if (mount < 0)
			return fail(setup->failure, "mount on", "/dev/shm", errno);
		taken = setup_give(setup, mount);
		close(mount);
		if (taken < 0)
			return -1;
	}
	mount = mount_below(dev, "mqueue", "mqueue", "");
	if (mount >= 0)
		close(mount);
	/* EPERM: the host's ipc namespace; ENODEV: not built in. */
	else if (errno != EPERM && errno != ENODEV)
		return fail(setup->failure, "mount on", "/dev/mqueue", errno);
	return 0;
}

static int fill_dev(struct setup *setup, int dev, uint64_t shm_size, bool tty)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		if (make_device(setup, dev, i) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (symlinkat(links[i].content, dev, links[i].name) < 0)
			return fail(setup->failure, "create symlink", links[i].name, errno);
	}
	if (make_pts(setup, dev, tty) < 0)
		return -1;
	return make_shared_memory(setup, dev, shm_size);
}

/* /dev itself is never reached through an image's symlink. */
int setup_dev(struct setup *setup, const struct plan_record *record)
{
	bool tty = strcmp(record->args[1], "1") == 0;
	uint64_t shm_size;
	int target, dev, result;

	if (!parse_number(record->args[0], INT64_MAX, &shm_size))
		return fail(setup->failure, "mount on", "/dev/shm", EINVAL);
	target = below_ensure(setup->root, "/dev", BELOW_FOLDER, true, NULL);
	if (target < 0)
		return fail(setup->failure, "open mount target", "/dev", errno);
	dev = mount_new("tmpfs", "tmpfs", "mode=755,size=65536k",
			MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, NULL);
	if (dev < 0 || setup_give(setup, dev) < 0 || mount_attach(dev, target) < 0)
		result = fail(setup->failure, "mount on", "/dev", errno);
	else
		result = fill_dev(setup, dev, shm_size, tty);
	close(target);
	if (dev >= 0)
		close(dev);
	return result;
}

int setup_dev_node(struct setup *setup, const struct plan_record *record)
{
	const char *source = record->args[0], *name = record->args[1];
	int mount = mount_copy(AT_FDCWD, source, false), target, result = -1;
	struct stat status;

	if (mount < 0)
		return fail(setup->failure, "bind device", source, errno);
	if (fstat(mount, &status) < 0)
		status.st_mode = 0;
	target = below_ensure(setup->root, name, BELOW_FILE, false, NULL);
	if (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode))
		fail_because(setup->failure, "bind device", source, "not a device", 0);
	else if (target < 0 || mount_isolate(mount) < 0 ||
		 mount_restrict(mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false) < 0 ||
		 mount_attach(mount, target) < 0)
		fail(setup->failure, "bind device", name, errno);
	else
		result = 0;
	close(mount);
	if (target >= 0)
		close(target);
	return result;
}
