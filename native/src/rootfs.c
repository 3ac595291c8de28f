/* The root file system: an overlay of layers, or a folder, that is attached in the container's own
 * mount namespace and then becomes its root. */
#include "below.h"
#include "setup.h"
#include "userns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "remove.h"

enum { OPTIONS_MAX = 4096 };

/* Upper, work and the layers by descriptor. Options then name them by the few digits of the
 * descriptor, relative to /proc/self/fd: no length of a path, and no `:` or `,` in one, matters,
 * and /proc/mounts inside the container shows no path of the host. */
struct layers {
	int fds[MAX_LAYERS + 2];
	size_t count;
	bool is_volatile;
};

static void close_layers(struct layers *layers)
{
	for (size_t i = 0; i < layers->count; i++)
		close(layers->fds[i]);
	layers->count = 0;
}

static int open_layers(const struct plan_record *record, struct layers *layers,
		       struct failure *failure)
{
	struct rlimit limit;

	if (record->count > MAX_LAYERS + 2)
		return fail_because(failure, "mount overlay", "", "more than 500 layers", 0);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < record->count + 64) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (; layers->count < record->count; layers->count++) {
		const char *path = record->args[layers->count];
		int fd, looks = 0;

		do
			fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		while (fd < 0 && mount_look_again(errno, &looks));
		if (fd < 0)
			return fail(failure, "open layer", path, errno);
		layers->fds[layers->count] = fd;
	}
	return 0;
}

/* One `lowerdir+` per layer (kernel 6.8 and later). -1 and errno; EINVAL on older kernels. */
static int mount_by_descriptors(const struct layers *layers, int data, char *reason)
{
	static const char *const keys[] = {"upperdir", "workdir"};
	int context = fsopen("overlay", FSOPEN_CLOEXEC), mount = -1, result, error;
	char name[16];

	if (context < 0)
		return -1;
	result = fsconfig(context, FSCONFIG_SET_FLAG, "userxattr", NULL, 0);
	if (result == 0 && layers->is_volatile)
		result = fsconfig(context, FSCONFIG_SET_FLAG, "volatile", NULL, 0);
	/* Layers first: an old kernel says at the first one that it does not know the option. */
	for (size_t i = 0; result == 0 && i < layers->count; i++) {
		size_t at = (i + 2) % layers->count;

		snprintf(name, sizeof(name), "%d", layers->fds[at]);
		result = fsconfig(context, FSCONFIG_SET_STRING, at < 2 ? keys[at] : "lowerdir+",
				  name, 0);
	}
	if (result == 0 && data >= 0) {
		snprintf(name, sizeof(name), "%d", data);
		result = fsconfig(context, FSCONFIG_SET_STRING, "datadir+", name, 0);
	}
	if (result == 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(context, FSMOUNT_CLOEXEC, 0);
	error = errno;
	if (mount < 0) {
		ssize_t got = read(context, reason, REASON_SIZE - 1);

		reason[got > 0 ? got : 0] = '\0';
		reason[strcspn(reason, "\n")] = '\0';
	}
	close(context);
	errno = error;
	return mount;
}

/* mount(2) at @place, with all in one string of at most a page. -1 and errno. */
static int mount_by_options(const struct layers *layers, const char *place)
{
	char options[OPTIONS_MAX];
	int length = snprintf(options, sizeof(options),
			      "userxattr%s,upperdir=%d,workdir=%d,lowerdir=",
			      layers->is_volatile ? ",volatile" : "", layers->fds[0],
			      layers->fds[1]);

	for (size_t i = 2; i < layers->count; i++) {
		length += snprintf(options + length, sizeof(options) - (size_t)length, "%s%d",
				   i == 2 ? "" : ":", layers->fds[i]);
		if ((size_t)length >= sizeof(options)) {
			errno = E2BIG;
			return -1;
		}
	}
	if (mount("overlay", place, "overlay", 0, options) < 0)
		return -1;
	return open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The overlay covers its own upper folder: a place that surely exists and that only this mount
 * namespace sees covered. */
static int mount_overlay(struct setup *setup, const struct plan_record *record)
{
	struct layers layers = {.count = 0};
	char reason[REASON_SIZE] = "";
	struct failure ignored;
	const char *place = record->args[0];
	const char *data_path = plan_value(setup->plan, OP_OVERLAY_DATA, 0);
	int root = -1, upper, error, data = -1;

	if (open_layers(record, &layers, setup->failure) < 0) {
		close_layers(&layers);
		return -1;
	}
	if (chdir("/proc/self/fd") < 0) {
		close_layers(&layers);
		return fail(setup->failure, "open", "/proc/self/fd", errno);
	}
	upper = layers.fds[0];
	/* The mark of a run before, whose supervisor was killed, refuses another one. */
	layers.is_volatile = plan_flag(setup->plan, OP_VOLATILE);
	if (layers.is_volatile)
		tree_remove(layers.fds[1], "work/incompat", &ignored);
	if (setup_give(setup, upper) < 0)
		root = -2;
	if (data_path != NULL)
		data = open(data_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root == -1)
		root = mount_by_descriptors(&layers, data, reason);
	if (root >= 0 && mount_attach(root, upper) < 0) {
		fail(setup->failure, "attach overlay", place, errno);
		close(root);
		root = -2;
	} else if (root == -1 && data < 0 && (errno == EINVAL || errno == ENOSYS)) {
		root = mount_by_options(&layers, place);
	}
	error = errno;
	/* The kernel makes it with mode 0, at which every copy of the store by its owner stops. */
	if (root >= 0 && fchmodat(layers.fds[1], "work", 0700, 0) < 0)
		error = errno;
	if (data >= 0)
		close(data);
	close_layers(&layers);
	if (root == -1)
		return fail_because(setup->failure, "mount overlay", place,
				    error == EINVAL ? reason + (reason[0] == 'e' ? 2 : 0) : NULL,
				    error);
	setup->root = root;
	return root < 0 ? -1 : 0;
}

/* The new folder's root is that of the overlay: it has the owner and mode of what it covers. An
 * owner without an id here stays ours. */
static int make_upper(const char *lower, const char *upper)
{
	struct stat status;

	if (stat(lower, &status) < 0 || mkdir(upper, 0700) < 0)
		return -1;
	if (chown(upper, status.st_uid, status.st_gid) < 0 && errno != EINVAL && errno != EPERM)
		return -1;
	return chmod(upper, status.st_mode & 07777);
}

int overlay_of(struct setup *setup, const char *folder, const struct plan_record *record)
{
	const char *upper = record->args[0], *work = record->args[1], *lower = record->args[2];
	struct layers layers = {.count = 0};
	char reason[REASON_SIZE] = "";
	int mount = -1;

	if (tree_remove(AT_FDCWD, folder, setup->failure) < 0)
		return -1;
	if ((mkdir(folder, 0700) < 0 && errno != EEXIST) || mkdir(work, 0700) < 0 ||
	    make_upper(lower, upper) < 0)
		return fail(setup->failure, "mount overlay", lower, errno);
	if (open_layers(record, &layers, setup->failure) == 0) {
		if (chdir("/proc/self/fd") == 0)
			mount = mount_by_descriptors(&layers, -1, reason);
		if (mount < 0 && (errno == EINVAL || errno == ENOSYS))
			mount = mount_by_options(&layers, upper);
		if (mount < 0)
			fail(setup->failure, "mount overlay", lower, errno);
	}
	close_layers(&layers);
	return mount;
}

int setup_give(struct setup *setup, int mount)
{
	struct userns container;

	if (!userns_of_container(setup->plan, &container, setup->failure))
		return setup->failure->stage[0] == '\0' ? 0 : -1;
	if (fchownat(mount, "", id_map_find(&container.uids, 0), id_map_find(&container.gids, 0),
		     AT_EMPTY_PATH) < 0)
		return fail(setup->failure, "give to root of the container", "", errno);
	return 0;
}

static int mount_folder(struct setup *setup, const char *path)
{
	int target = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int root = target < 0 ? -1 : mount_copy(AT_FDCWD, path, true);

	if (root < 0 || mount_isolate(root) < 0 || mount_attach(root, target) < 0)
		fail(setup->failure, "mount root", path, errno);
	else
		setup->root = root;
	if (target >= 0)
		close(target);
	return setup->root < 0 ? -1 : 0;
}

/* A mount that was made before covers the upper folder too. */
static int attach_root(struct setup *setup, const char *place)
{
	int target = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC), result = -1;

	if (target < 0 || mount_attach(setup->root, target) < 0)
		fail(setup->failure, "mount root", place, errno);
	else
		result = 0;
	if (target >= 0)
		close(target);
	return result;
}

int setup_root(struct setup *setup)
{
	const struct plan_record *overlay = plan_find(setup->plan, OP_OVERLAY);
	const char *folder = plan_value(setup->plan, OP_ROOTFS, 0);

	if (setup->root >= 0 && overlay != NULL)
		return attach_root(setup, overlay->args[0]);
	if (overlay != NULL && folder == NULL)
		return mount_overlay(setup, overlay);
	if (folder != NULL && overlay == NULL)
		return mount_folder(setup, folder);
	return fail_because(setup->failure, "mount root", "", "the plan names none, or two", 0);
}

/**
 * setup_pivot() - Leave the host's file systems
 *
 * Should:
 *   - come after everything that needs a path of the host
 *   - leave nothing of the old root reachable: it is detached with all its mounts, and the
 *     current directory is the new root
 * Mustn't:
 *   - fall back to chroot, from which a process with capabilities gets out again
 */
int setup_pivot(struct setup *setup)
{
	const struct plan_record *cwd = plan_find(setup->plan, OP_CWD);
	bool readonly = plan_find(setup->plan, OP_ROOT_READONLY) != NULL;
	struct failure *failure = setup->failure;

	/* The image's working directory can't be made later; entering it tells of a failure. */
	if (readonly && cwd != NULL && strcmp(cwd->args[1], "1") == 0)
		close(below_ensure(setup->root, cwd->args[0], BELOW_FOLDER, false, NULL));
	if (readonly && mount_restrict(setup->root, MOUNT_ATTR_RDONLY, false) < 0)
		return fail(failure, "make root read-only", "", errno);
	if (fchdir(setup->root) < 0)
		return fail(failure, "pivot root", "", errno);
	/* The old root lands on top of the new one, from where it is taken away. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return fail(failure, "pivot root", "", errno);
	if (umount2(".", MNT_DETACH) < 0)
		return fail(failure, "detach old root", "", errno);
	if (chdir("/") < 0)
		return fail(failure, "open", "/", errno);
	return 0;
}
