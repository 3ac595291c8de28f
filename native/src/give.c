/* Gives folders of the host to the container's user: for `-v …:U`, and for a new volume if the
 * image has nothing there. It works by descriptor and follows no link. A folder that the machine's
 * root gives to a container is first taken from the owners that it has on the machine. */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "copy.h"
#include "own-ids.h"
#include "take.h"
#include "users.h"

static const char stage[] = "give to user";

struct giving {
	struct copy names;	/* the current position and depth of the walk */
	uid_t uid;
	gid_t gid;
	const struct userns *others;	/* change only what has none of these ids */
};

struct given_folder {
	struct giving *giving;
	int fd;
};

/* The user as the plan says, by the image's passwd; its groups don't matter here. */
static int find_owner(struct setup *setup, struct giving *giving)
{
	static struct identity identity;

	if (identity_find(setup->root, plan_value(setup->plan, OP_USER, 0), NULL, &identity,
			  setup->failure) < 0 ||
	    identity_place(&identity, setup->plan, setup->failure) < 0)
		return -1;
	giving->uid = identity.file_uid;
	giving->gid = identity.file_gid;
	return 0;
}

static bool is_mapped(const struct id_map *map, unsigned outside)
{
	for (size_t i = 0; i < map->count; i++)
		if (outside >= map->extents[i].outside &&
		    outside - map->extents[i].outside < map->extents[i].count)
			return true;
	return false;
}

/* A file that has the owner already stays: a change of owner would clear its set-id bits. */
static int give_one(const struct giving *giving, int folder, const char *name)
{
	int flags = AT_SYMLINK_NOFOLLOW | (*name == '\0' ? AT_EMPTY_PATH : 0);
	struct stat status;

	if (fstatat(folder, name, &status, flags) < 0)
		return -1;
	if (giving->others != NULL && is_mapped(&giving->others->uids, status.st_uid) &&
	    is_mapped(&giving->others->gids, status.st_gid))
		return 0;
	if (status.st_uid == giving->uid && status.st_gid == giving->gid)
		return 0;
	return fchownat(folder, name, giving->uid, giving->gid, flags);
}

static int give_name(void *context, const char *name)
{
	const struct given_folder *folder = context;
	struct giving *giving = folder->giving;
	struct given_folder below = {giving, -1};
	int result;

	below.fd = openat(folder->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below.fd < 0 && errno != ENOTDIR && errno != ELOOP)
		return -1;
	result = give_one(giving, folder->fd, name);
	if (below.fd < 0)
		return result;
	if (result == 0 && ++giving->names.depth > MAX_DEPTH) {
		errno = ELOOP;
		result = -1;
	}
	if (result == 0)
		result = copy_each(&giving->names, below.fd, give_name, &below);
	giving->names.depth--;
	close(below.fd);
	return result;
}

static int give_tree(struct giving *giving, const char *path, struct failure *failure)
{
	struct given_folder top = {giving, -1};
	int result = -1;

	top.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top.fd >= 0)
		result = give_one(giving, top.fd, "");
	else if (errno == ENOTDIR)
		return give_one(giving, AT_FDCWD, path) == 0 ? 0
							     : fail(failure, stage, path, errno);
	if (result == 0)
		result = copy_each(&giving->names, top.fd, give_name, &top);
	if (result < 0)
		fail(failure, stage,
		     giving->names.path[0] == '\0' ? path : giving->names.path, errno);
	if (top.fd >= 0)
		close(top.fd);
	return result;
}

int setup_give_tree(struct setup *setup, const struct plan_record *record)
{
	static struct giving giving;

	giving = (struct giving){.uid = 0};
	return find_owner(setup, &giving) < 0
		? -1 : give_tree(&giving, record->args[0], setup->failure);
}

int tree_take(const char *path, const struct userns *userns, struct failure *failure)
{
	static struct giving giving;

	giving = (struct giving){.uid = userns->uids.extents[0].outside,
				 .gid = userns->gids.extents[0].outside,
				 .others = userns};
	return give_tree(&giving, path, failure);
}

int setup_give_new(struct setup *setup, int volume)
{
	struct giving giving = {.uid = 0};

	if (find_owner(setup, &giving) < 0)
		return -1;
	return give_one(&giving, volume, "") == 0 ? 0 : fail(setup->failure, stage, "", errno);
}
