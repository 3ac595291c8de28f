/*
 * fuse-overlay.c - root file systems that fuse-overlayfs serves.
 *
 * Theory of operation. This process, which owns the user namespace, makes the mount, not the
 * program. The program gets the other end: libfuse takes an open /dev/fuse as `/dev/fd/N` in place
 * of a mount point. So the program sees neither the mount nor the pid namespace of the container.
 * The program can affect the container only by its answers, and the container the program only by
 * its requests. When the program ends, its descriptor closes, and all who wait for an answer get an
 * error.
 *
 * The program gets layers by descriptor, so that no character of a path has a meaning in its
 * options. The upper folder must have a path without a colon. So its parent is mounted at such a
 * path, in a mount namespace that only the program has.
 */
#include "fuse-overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "setup.h"
#include "userns.h"

/* A folder that every host has and that the program does not need. */
#define PLACE "/sys"

enum { EXPLAIN_WAIT_MS = 1000 };

/**
 * struct ends - what the program is given
 * @fds:	/dev/fuse, then the layers, top one first
 * @folder:	the mount of the folder that holds upper and work, not attached
 * @upper, @work: their names in it
 */
struct ends {
	int fds[1 + MAX_LAYERS];
	size_t count;
	int folder;
	const char *upper, *work;
};

static void close_ends(struct ends *ends)
{
	while (ends->count > 0)
		close(ends->fds[--ends->count]);
	if (ends->folder >= 0)
		close(ends->folder);
}

static int open_folder(struct ends *ends, const struct plan_record *overlay,
		       struct failure *failure)
{
	const char *upper = overlay->args[0], *work = overlay->args[1];
	const char *name = strrchr(upper, '/');
	size_t length = name == NULL ? 0 : (size_t)(name - upper);
	char folder[PATH_MAX];

	if (length == 0 || length >= sizeof(folder) || strncmp(upper, work, length + 1) != 0)
		return fail_because(failure, "mount overlay", upper,
				    "upper and work have different folders", 0);
	ends->upper = name + 1;
	ends->work = work + length + 1;
	snprintf(folder, sizeof(folder), "%.*s", (int)length, upper);
	ends->folder = mount_copy(AT_FDCWD, folder, false);
	return ends->folder < 0 ? fail(failure, "open", folder, errno) : 0;
}

static int open_ends(struct ends *ends, const struct plan_record *overlay, struct failure *failure)
{
	const char *path = "/dev/fuse";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	ends->count = 0;
	ends->folder = -1;
	if (fd < 0)
		return fail(failure, "open", path, errno);
	ends->fds[ends->count++] = fd;
	if (overlay->count > 2 + MAX_LAYERS)
		return fail_because(failure, "mount overlay", "", "more than 500 layers", 0);
	for (size_t i = 2; i < overlay->count; i++) {
		fd = open(path = overlay->args[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return fail(failure, "open layer", path, errno);
		ends->fds[ends->count++] = fd;
	}
	return open_folder(ends, overlay, failure);
}

/* Runs in the program's process. */
static int place_folder(int folder)
{
	int target = -1;

	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0)
		target = open(PLACE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return target < 0 ? -1 : mount_attach(folder, target);
}

/* A layer's files belong to ids of the container, which have other numbers here. */
static void add_map(FILE *options, const char *name, const struct id_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		fprintf(options, "%s%u:%u:%u", i == 0 ? name : ":", map->extents[i].inside,
			map->extents[i].outside, map->extents[i].count);
}

/* Return: the program's options, to be freed; NULL with a failure. */
static char *write_options(const struct plan *plan, const struct ends *ends,
			   struct failure *failure)
{
	char *text = NULL;
	size_t size;
	struct userns container;
	FILE *options = open_memstream(&text, &size);

	if (options == NULL) {
		fail(failure, "mount overlay", "", errno);
		return NULL;
	}
	for (size_t i = 1; i < ends->count; i++)
		fprintf(options, "%s/proc/self/fd/%d", i == 1 ? "lowerdir=" : ":", ends->fds[i]);
	fprintf(options, ",upperdir=" PLACE "/%s,workdir=" PLACE "/%s", ends->upper, ends->work);
	if (plan_flag(plan, OP_VOLATILE))
		fputs(",volatile", options);
	if (userns_of_container(plan, &container, failure)) {
		add_map(options, ",uidmapping=", &container.uids);
		add_map(options, ",gidmapping=", &container.gids);
	}
	if (fclose(options) == 0 && failure->stage[0] == '\0')
		return text;
	if (failure->stage[0] == '\0')
		fail(failure, "mount overlay", "", errno);
	free(text);
	return NULL;
}

/* -1 with a failure. The kernel checks modes and owners; all ids of the namespace have access. */
static int make_mount(int device, struct failure *failure)
{
	char options[128], reason[REASON_SIZE];
	int mount;

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,"
		 "allow_other,default_permissions", device);
	mount = mount_new("fuse", "fuse-overlayfs", options, 0, reason);
	return mount < 0 ? fail_because(failure, "mount", "fuse-overlayfs",
					reason[0] == '\0' ? NULL : reason, errno) : mount;
}

int fuse_overlay_start(struct helper_process *server, const struct plan *plan,
		       unsigned int seconds, int *root, struct failure *failure)
{
	const char *name = plan_value(plan, OP_FUSE_OVERLAYFS, 0);
	const struct plan_record *overlay = plan_find(plan, OP_OVERLAY);
	static struct ends ends;
	char device[32], *options = NULL;
	int result = -1, mount = -1;

	*root = 0;
	if (name == NULL)
		return 0;
	if (overlay == NULL)
		return fail_because(failure, "mount root", "", "the plan names no overlay", 0);
	if (open_ends(&ends, overlay, failure) == 0)
		options = write_options(plan, &ends, failure);
	if (options != NULL)
		mount = make_mount(ends.fds[0], failure);
	if (mount >= 0) {
		char *argv[] = {(char *)name, "-f", "-o", options, device, NULL};
		struct helper_program program = {
			argv, ends.fds, ends.count, seconds, place_folder, ends.folder,
		};

		snprintf(device, sizeof(device), "/dev/fd/%d", ends.fds[0]);
		result = helper_start(server, &program, failure);
	}
	free(options);
	close_ends(&ends);
	if (result == 0)
		*root = mount;
	else if (mount >= 0)
		close(mount);
	return result;
}

int fuse_overlay_ended(struct helper_process *server, const struct plan *plan, int status,
		       struct failure *failure)
{
	/* Debian 12's fuse-overlayfs always prints this first. */
	static const char noise[] = "unknown argument ignored: lazytime ";
	char said[sizeof(failure->reason) + sizeof(noise)], *reason = said;

	server->pid = 0;
	helper_last_words(server, status, said, sizeof(said));
	if (strncmp(said, noise, sizeof(noise) - 1) == 0)
		reason += sizeof(noise) - 1;
	return fail_because(failure, "serve root by", plan_value(plan, OP_FUSE_OVERLAYFS, 0),
			    reason, 0);
}

void fuse_overlay_explain(struct helper_process *server, const struct plan *plan,
			  struct failure *failure)
{
	int status;

	if (server->pid == 0 || (failure->error != ENOTCONN && failure->error != ECONNABORTED))
		return;
	for (int waited = 0; waited < EXPLAIN_WAIT_MS; waited++) {
		if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
			fuse_overlay_ended(server, plan, status, failure);
			return;
		}
		usleep(1000);
	}
}
