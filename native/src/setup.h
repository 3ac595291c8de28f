/* What the stages of a container's set-up pass to each other. They run in the container's first
 * process and in its own mount namespace, before pivot_root. */
#ifndef BERTH_SETUP_H
#define BERTH_SETUP_H

#include "plan.h"

struct setup {
	const struct plan *plan;
	struct failure *failure;
	int root;	/* the root file system's mount, attached; before setup_root() one that
			 * is not attached yet, or -1 */
	int proc;	/* a procfs that nothing else can put anything into; -1 not yet */
	int null;	/* the host's /dev/null, verified; -1 not yet */
	int empty;	/* a read-only empty folder's mount for masks, attached; -1 not yet */
	int terminal;	/* master of the pseudo-terminal; -1 */
	int tty;	/* its slave; -1 */
};

enum { MAX_LAYERS = 500 };	/* of one overlay */

/* mount-api.c */

enum { REASON_SIZE = 192 };	/* of what the kernel says of a mount that failed */

/* A detached mount of a new @fstype with comma-separated options and MOUNT_ATTR_* flags; -1 and
 * errno. @reason (REASON_SIZE, may be NULL) gets the kernel's own words, or nothing. */
int mount_new(const char *fstype, const char *source, const char *options, unsigned attributes,
	      char *reason);

/* A detached copy of the mount at @path from @dir (with all below where @recursive); -1, errno. */
int mount_copy(int dir, const char *path, bool recursive);

/* True, after a pause, when a source that was not there (@error) is worth another look: a removal
 * takes first and looks who needs it after, and puts it back then. @looks counts them, from 0. */
bool mount_look_again(int error, int *looks);

/* Sets MOUNT_ATTR_* on a mount, and on all below where @recursive; -1 and errno. */
int mount_restrict(int mount, unsigned attributes, bool recursive);

/* Makes a copied mount deaf to what is mounted on the host later; -1 and errno. */
int mount_isolate(int mount);

/* Attaches a detached mount at the place that @target (O_PATH) pins; -1 and errno. */
int mount_attach(int mount, int target);

/* mounts.c */
int setup_mount(struct setup *setup, const struct plan_record *record);
int setup_bind(struct setup *setup, const struct plan_record *record);
int setup_overlay_bind(struct setup *setup, const struct plan_record *record);
int setup_symlink(struct setup *setup, const struct plan_record *record);

/* rootfs.c */

/* Attaches the root file system that the plan names; fills @setup->root unless it is there. */
int setup_root(struct setup *setup);

/* Makes @setup->root the process's root and drops the old one with all its mounts. */
int setup_pivot(struct setup *setup);

/* dev.c */
int setup_dev(struct setup *setup, const struct plan_record *record);
int setup_dev_node(struct setup *setup, const struct plan_record *record);

/* A new pseudo-terminal of the devpts at @devpts; -1 and errno. */
int pty_open(int devpts, int *master, int *slave);

/* mask.c */
int setup_mask(struct setup *setup, const struct plan_record *record);
int setup_readonly_path(struct setup *setup, const struct plan_record *record);

/* sysctl.c */
int setup_sysctls(struct setup *setup);

/* accounts.c */
int setup_account(struct setup *setup, const struct plan_record *record);

/* rootfs.c */

/* Gives a new file system's root, @mount, to the container's root, who may not be ours. */
int setup_give(struct setup *setup, int mount);

/* An overlay whose only layer is the folder @lower, not attached yet; what is written goes below
 * @folder, which is emptied first. -1 with the failure. */
int overlay_of(struct setup *setup, const char *folder, const struct plan_record *layers);

/* give.c */
int setup_give_tree(struct setup *setup, const struct plan_record *record);

/* Gives a volume's folder, still empty, to the container's user. */
int setup_give_new(struct setup *setup, int volume);

/* copy-up.c */
int setup_copy_up(struct setup *setup, const struct plan_record *record);

/* Copies all below the folder @from into the empty folder @to, and @from's own owner and mode
 * where @itself: owners, modes, times, links, user.* attributes and file capabilities. */
int tree_copy(int from, int to, bool itself, struct failure *failure);

#endif
