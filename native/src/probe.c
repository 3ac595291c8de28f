/* Tries what a file system can do, before a store chooses its storage driver. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fuse-overlay.h"
#include "setup.h"

enum { TRIAL_SECONDS = 10 };

static const char *const folders[] = {"upper", "work", "lower", "lower/folder"};
static const char *const files[] = {"lower/gone", "lower/changed", "lower/folder/hidden"};

static int make_file(int at, const char *name)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? -1 : close(fd);
}

static int make_layers(const char *folder)
{
	int at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), result = at < 0 ? -1 : 0;

	for (size_t i = 0; result == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
		result = mkdirat(at, folders[i], 0755);
	for (size_t i = 0; result == 0 && i < sizeof(files) / sizeof(files[0]); i++)
		result = make_file(at, files[i]);
	if (at >= 0)
		close(at);
	return result;
}

/* What fails here without a word at the mount: a file of a layer is changed, one is removed, and
 * a folder is replaced by an empty one. */
static int use_overlay(int root, struct failure *refusal)
{
	const char *object = "changed";
	int fd = openat(root, object, O_WRONLY | O_APPEND | O_CLOEXEC);
	int result = fd < 0 || write(fd, "x", 1) != 1 ? -1 : 0;

	if (fd >= 0)
		close(fd);
	if (result == 0)
		result = unlinkat(root, object = "gone", 0);
	if (result == 0)
		result = mkdirat(root, object, 0755);
	if (result == 0)
		result = unlinkat(root, object = "folder/hidden", 0);
	if (result == 0)
		result = unlinkat(root, object = "folder", AT_REMOVEDIR);
	if (result == 0)
		result = mkdirat(root, object, 0755);
	if (result == 0 && faccessat(root, "folder/hidden", F_OK, 0) == 0) {
		errno = EEXIST;
		result = -1;
	}
	return result < 0 ? fail(refusal, "change overlay", object, errno) : 0;
}

/* Servers may answer "done" and give the file to somebody else; the kernel refuses where one id is
 * mapped. */
static bool keeps_owner(int fd)
{
	struct stat status;

	return fchown(fd, 1, 1) == 0 && fstat(fd, &status) == 0 && status.st_uid == 1 &&
	       status.st_gid == 1;
}

/* What the kernel does by itself: execute a file, give it away, and rename it. */
static int use_served(int root, bool has_ids, struct failure *refusal)
{
	int fd = openat(root, "changed", O_RDONLY | O_CLOEXEC), result = 0;

	if (mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		result = fail(refusal, "execute in overlay", "changed", errno);
	else if (has_ids && !keeps_owner(fd))
		result = fail(refusal, "change owner in overlay", "changed", errno);
	else if (renameat(root, "changed", root, "renamed") < 0)
		result = fail(refusal, "rename in overlay", "changed", errno);
	if (fd >= 0)
		close(fd);
	return result;
}

/* Of the kernel, or of the program that @plan names. That one's mount stays detached: the program
 * opens the folders by their paths, which a mount here would cover. */
static int try_overlay(const struct plan *plan, bool has_ids, struct failure *refusal)
{
	struct setup setup = {.plan = plan, .failure = refusal, .root = -1};
	struct helper_process server = {.said = -1};
	int root, result = fuse_overlay_start(&server, plan, TRIAL_SECONDS, &root, refusal);

	if (result == 0 && root > 0)
		setup.root = root;
	if (result == 0 && root == 0)
		result = setup_root(&setup);
	if (result == 0)
		result = use_overlay(setup.root, refusal);
	if (result == 0 && root > 0)
		result = use_served(setup.root, has_ids, refusal);
	if (result < 0)
		fuse_overlay_explain(&server, plan, refusal);
	if (setup.root >= 0)
		close(setup.root);
	helper_end(&server);
	return result;
}

int probe_overlay(const char *folder, const char *program, bool has_ids, struct failure *refusal)
{
	char upper[PATH_MAX], work[PATH_MAX], lower[PATH_MAX], *args[] = {upper, work, lower, NULL};
	char *server[] = {(char *)program, NULL};
	/* Volatile: else the end of the trial would write all that is in memory to the disk. */
	struct plan_record records[] = {
		{OP_OVERLAY, 3, args}, {OP_VOLATILE, 0, NULL}, {OP_FUSE_OVERLAYFS, 1, server},
	};
	struct plan plan = {.records = records, .record_count = program == NULL ? 2 : 3};
	int result;

	for (int i = 0; i < 3; i++)
		snprintf(args[i], PATH_MAX, "%s/%s", folder, folders[i]);
	*refusal = (struct failure){0};
	if (make_layers(folder) < 0)
		return fail(refusal, "make layers", folder, errno);
	result = try_overlay(&plan, has_ids, refusal);
	umount2(upper, MNT_DETACH);
	return result;
}

int probe_owners(const char *folder, bool has_ids, const char **owners, struct failure *failure)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/owned", folder);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(failure, "make", path, errno);
	if (has_ids && keeps_owner(fd))
		*owners = "native";
	else if (fsetxattr(fd, "user.berth.owner", "1:1", 3, 0) == 0)
		*owners = "xattr";
	else
		*owners = "ledger";
	close(fd);
	return 0;
}
