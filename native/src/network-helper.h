/* network-helper.h - pasta or slirp4netns, which carries a container's traffic. */
#ifndef BERTH_NETWORK_HELPER_H
#define BERTH_NETWORK_HELPER_H

#include <sys/types.h>

#include "helper-process.h"
#include "plan.h"

int network_start(struct helper_process *helper, const struct plan *plan, int netns,
		  struct failure *failure);
int network_wait(struct helper_process *helper, const struct plan *plan, pid_t host_pid,
		 struct failure *failure);
void network_end(struct helper_process *helper, pid_t *relay, const struct plan *plan);

#endif
