/*
 * become.c - `berth-native become`: the process of the machine's root becomes an id that is
 * nobody's.
 *
 * Root's containers have ids of a range. Everything that Berth does for root has them too: the
 * store belongs to the range's first id, and a process with this id makes and reads it. While a
 * command runs, its process keeps those of root's rights that it needs as ambient capabilities. A
 * process that lives longer, or runs programs that are not ours, gives them up
 * (capabilities_give_up()) or has entered a user namespace, where they are void.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "applets.h"
#include "capabilities.h"
#include "plan.h"
#include "root-cgroup.h"

#define BIT(capability) ((uint64_t)1 << (capability))

/* Files that root names are read and written wherever they lie, and are root's; id maps are written
 * without newuidmap(1), which knows no range of the new id. */
static const uint64_t kept = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) |
			     BIT(CAP_SETUID) | BIT(CAP_SETGID);

/* If an engine above us gave root fewer capabilities, only these are kept. */
static int change_ids(uid_t uid, gid_t gid, struct failure *failure)
{
	uint64_t left = capabilities_permitted() & kept;
	char name[16];

	snprintf(name, sizeof(name), "%u", uid);
	if (capabilities_bound(left) < 0 && errno != EPERM)
		return fail(failure, "drop capabilities for", name, errno);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return fail(failure, "become user", name, errno);
	if (capabilities_set(left, left, left) < 0 || capabilities_raise_ambient(left) < 0)
		return fail(failure, "keep capabilities for", name, errno);
	return 0;
}

/**
 * become_main() - The applet: `become UID GID PROGRAM ARG0 [ARG…]`
 *
 * Mustn't:
 *   - be of use to who is not root: the kernel refuses the change of ids
 */
int become_main(int argc, char **argv)
{
	struct failure failure = { 0 };
	uint64_t uid, gid;

	if (argc < 5 || !parse_number(argv[1], UINT32_MAX - 1, &uid) ||
	    !parse_number(argv[2], UINT32_MAX - 1, &gid) || uid == 0 || gid == 0) {
		dprintf(2, "Error: read arguments: become UID GID PROGRAM ARG0...\n");
		return EXIT_ENGINE;
	}
	root_cgroup_make((uid_t)uid, (gid_t)gid);
	if (change_ids((uid_t)uid, (gid_t)gid, &failure) == 0) {
		execv(argv[3], argv + 4);
		fail(&failure, "execute", argv[3], errno);
	}
	failure_print(&failure, 2);
	return EXIT_ENGINE;
}
