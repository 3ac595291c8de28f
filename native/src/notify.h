/* notify.h - what a service manager is told about a container's start. */
#ifndef BERTH_NOTIFY_H
#define BERTH_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"
#include "plan.h"

/**
 * struct notice - what to tell once the container runs
 * @ready:	the unit has started
 * @main:	the supervisor is the unit's main process, where the client leaves
 * @pid_file:	gets the supervisor's pid; NULL where there is none
 */
struct notice {
	bool ready, main;
	char *pid_file;
};

void notice_read(struct notice *notice, const struct plan *plan);
int notice_give(const struct notice *notice, pid_t supervisor, bool leaves,
		struct failure *failure);

#endif
