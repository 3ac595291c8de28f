/* cgroup.h - the cgroup that limits a container and measures what it uses. */
#ifndef BERTH_CGROUP_H
#define BERTH_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "plan.h"

/**
 * struct cgroup - where the supervisor and all its descendants are
 * @path:	its folder; empty where the container is not limited
 * @origin:	where the caller was: the supervisor goes back there to remove a folder it made
 */
struct cgroup {
	char path[PATH_MAX], origin[PATH_MAX];
	bool made;
	int events;
};

void cgroup_move(const char *path);
int cgroup_prepare(const struct plan *plan, int *folder, struct failure *failure);
int cgroup_enter(struct cgroup *cgroup, const struct plan *plan, pid_t own_pid,
		 struct failure *failure);
bool cgroup_had_oom(const struct cgroup *cgroup);
void cgroup_end(struct cgroup *cgroup);

int cgroup_own(char *path, size_t size);
int scope_enter(const struct plan_record *scope, pid_t own_pid, struct failure *failure);

#endif
