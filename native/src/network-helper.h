/* network-helper.h - pasta or slirp4netns, which carries a container's traffic. */
#ifndef BERTH_NETWORK_HELPER_H
#define BERTH_NETWORK_HELPER_H

#include <sys/types.h>

#include "plan.h"

/**
 * struct network_helper - the helper's process
 * @pid:	0 where there is none
 * @said:	reading end of what it writes to standard error
 */
struct network_helper {
	pid_t pid;
	int said;
};

int network_start(struct network_helper *helper, const struct plan *plan, int netns,
		  struct failure *failure);
int network_wait(struct network_helper *helper, const struct plan *plan, pid_t host_pid,
		 struct failure *failure);
void network_end(struct network_helper *helper, const struct plan *plan);

#endif
