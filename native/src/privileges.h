/* What a container's program may do: groups, ids, capabilities, the system call filter. */
#ifndef BERTH_PRIVILEGES_H
#define BERTH_PRIVILEGES_H

#include "plan.h"
#include "users.h"

/**
 * privileges_drop() - Become the user
 *
 * Should:
 *   - run with all capabilities of the user namespace
 *   - leave the bounding set as planned, before the ids change: that needs CAP_SETPCAP
 *   - keep the permitted set, because a filter without no_new_privs needs CAP_SYS_ADMIN to load
 */
int privileges_drop(const struct plan *plan, const struct identity *identity,
		    struct failure *failure);

/**
 * privileges_finish() - Load the filters and leave the capabilities that are planned
 * @sync: gets the listener of the filter whose calls are emulated, for root only
 *
 * Mustn't:
 *   - be followed by anything but execve: the filter need not allow it
 */
int privileges_finish(const struct plan *plan, const struct identity *identity, int sync,
		      struct failure *failure);

#endif
