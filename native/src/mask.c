/* Hides paths of the container, or makes them read-only. A file is covered by the host's /dev/null,
 * through a verified descriptor, never by the /dev/null of an image. */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "below.h"

/* The host's /dev/null, its device number checked. */
static int host_null(struct setup *setup)
{
	struct stat status;

	if (setup->null >= 0)
		return setup->null;
	setup->null = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (setup->null >= 0 && (fstat(setup->null, &status) < 0 || !S_ISCHR(status.st_mode) ||
				 status.st_rdev != makedev(1, 3))) {
		close(setup->null);
		setup->null = -1;
		errno = ENODEV;
	}
	return setup->null;
}

/* An empty folder's mount, detached: the first is new, later ones are copies of it. */
static int empty_folder(struct setup *setup)
{
	if (setup->empty >= 0)
		return mount_copy(setup->empty, "", false);
	setup->empty = mount_new("tmpfs", "tmpfs", "size=0,nr_inodes=1,mode=555",
				 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					 MOUNT_ATTR_NOEXEC, NULL);
	return setup->empty;
}

static int null_device(struct setup *setup)
{
	unsigned attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	int mount = host_null(setup) < 0 ? -1 : mount_copy(setup->null, "", false);

	if (mount < 0 ||
	    (mount_isolate(mount) == 0 && mount_restrict(mount, attributes, false) == 0))
		return mount;
	close(mount);
	return -1;
}

int setup_mask(struct setup *setup, const struct plan_record *record)
{
	const char *path = record->args[0];
	int target = below_open(setup->root, path, O_PATH, false), mount, result = 0;
	struct stat status;

	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR
			? 0 : fail(setup->failure, "mask", path, errno);
	if (fstat(target, &status) < 0)
		mount = -1;
	else if (S_ISDIR(status.st_mode))
		mount = empty_folder(setup);
	else
		mount = null_device(setup);
	if (mount < 0 || mount_attach(mount, target) < 0)
		result = fail(setup->failure, "mask", path, errno);
	close(target);
	if (mount >= 0 && mount != setup->empty)
		close(mount);
	return result;
}

int setup_readonly_path(struct setup *setup, const struct plan_record *record)
{
	const char *path = record->args[0];
	int target = below_open(setup->root, path, O_PATH, false), mount, result = 0;

	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR
			? 0 : fail(setup->failure, "make read-only", path, errno);
	mount = mount_copy(target, "", true);
	if (mount < 0 || mount_restrict(mount, MOUNT_ATTR_RDONLY, true) < 0 ||
	    mount_attach(mount, target) < 0)
		result = fail(setup->failure, "make read-only", path, errno);
	close(target);
	if (mount >= 0)
		close(mount);
	return result;
}
