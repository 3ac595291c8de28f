/* root-cgroup.h - a cgroup with limits for root, as other users have in a systemd session. */
#ifndef BERTH_ROOT_CGROUP_H
#define BERTH_ROOT_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * root_cgroup_make() - There is a cgroup that is delegated to a user
 *
 * Where there is no cgroup v2, or none that may be written, nothing happens: limits are then
 * refused where they are asked for.
 */
void root_cgroup_make(uid_t uid, gid_t gid);

/* The words that make cgroup.subtree_control list what containers can be limited by: of @available,
 * without what it lists already. False where there is nothing to write. */
bool root_cgroup_missing(const char *available, const char *given, char *words, size_t size);

#endif
