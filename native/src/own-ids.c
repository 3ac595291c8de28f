/* Maps the caller's own id under another number, which needs no privilege (user_namespaces(7)). */
#include "own-ids.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "below.h"
#include "userns.h"

static struct userns container;

int identity_place(struct identity *identity, const struct plan *plan, struct failure *failure)
{
	bool has_map = userns_of_container(plan, &container, failure);

	if (failure->stage[0] != '\0')
		return -1;
	identity->own_ids = plan_flag(plan, OP_OWN_IDS) &&
			    (identity->uid != 0 || identity->gid != 0);
	identity->file_uid = identity->own_ids ? 0 : identity->uid;
	identity->file_gid = identity->own_ids ? 0 : identity->gid;
	if (has_map && !identity->own_ids) {
		identity->file_uid = id_map_find(&container.uids, identity->uid);
		identity->file_gid = id_map_find(&container.gids, identity->gid);
	}
	return 0;
}

int container_ids_enter(const struct plan *plan, int init, struct failure *failure)
{
	if (!userns_of_container(plan, &container, failure))
		return failure->stage[0] == '\0' ? 0 : -1;
	if (init < 0)
		return userns_enter_new(&container, failure);
	return setns(init, CLONE_NEWUSER) < 0 ? fail(failure, "join user namespace", "", errno) : 0;
}

/* Writes a file of the caller's own folder of the container's procfs. */
static int write_own(int root, const char *path, const char *text)
{
	int fd = below_open(root, path, O_WRONLY, false), error = 0;
	struct statfs fs;

	if (fd < 0)
		return errno;
	if (fstatfs(fd, &fs) < 0)
		error = errno;
	else if (fs.f_type != PROC_SUPER_MAGIC)
		error = EXDEV;
	else if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}

int own_ids_enter(int root, const struct identity *identity, struct failure *failure)
{
	static const char stage[] = "map ids of user";
	char uids[32], gids[32];
	int error;

	snprintf(uids, sizeof(uids), "%u 0 1", identity->uid);
	snprintf(gids, sizeof(gids), "%u 0 1", identity->gid);
	if (unshare(CLONE_NEWUSER) < 0)
		return fail(failure, stage, "", errno);
	/* Who could drop a group that denies access must not map groups (CVE-2014-8989). */
	error = write_own(root, "/proc/self/setgroups", "deny");
	if (error == 0)
		error = write_own(root, "/proc/self/gid_map", gids);
	if (error == 0)
		error = write_own(root, "/proc/self/uid_map", uids);
	return error == 0 ? 0 : fail(failure, stage, uids, error);
}
