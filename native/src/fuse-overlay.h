/* fuse-overlay.h - root file systems that fuse-overlayfs serves, where the kernel's overlay is
 * refused. */
#ifndef BERTH_FUSE_OVERLAY_H
#define BERTH_FUSE_OVERLAY_H

#include "helper-process.h"
#include "plan.h"

/**
 * fuse_overlay_start() - Start the program that the plan names to serve the overlay, if any
 * @seconds: it ends after these; 0: with its parent
 * @root: gets the mount, not attached yet; whoever looks into it waits for the program. 0 where
 *	  the plan names none
 *
 * Return: 0, or -1 with a failure.
 */
int fuse_overlay_start(struct helper_process *server, const struct plan *plan,
		       unsigned int seconds, int *root, struct failure *failure);

/* Called after its program was reaped with @status. Always -1, with a failure that says why. */
int fuse_overlay_ended(struct helper_process *server, const struct plan *plan, int status,
		       struct failure *failure);

/* Replaces the failure of using the file system by that of its program, if this has ended. */
void fuse_overlay_explain(struct helper_process *server, const struct plan *plan,
			  struct failure *failure);

#endif
