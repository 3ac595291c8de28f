/* start.h - from the client's child to a supervisor in its own namespaces. */
#ifndef BERTH_START_H
#define BERTH_START_H

#include "plan.h"

/**
 * struct start - what the supervisor inherits besides its standard streams
 * @control:	socket to the launching client
 * @plan:	the plan's file
 * @lock:	the container's lock, held
 * @cgroup:	the container's cgroup, to be born in; -1 where there is none
 * @keepers:	the keepers' lock, held; -1 where nothing is to be published
 * @pid_file:	to write the container's pid to; -1 where there is none, or it can't be opened
 */
struct start {
	int control, plan, lock, keepers, cgroup, pid_file;
};

void start_give_up(const struct plan *plan, struct start *start, const struct failure *why);
_Noreturn void start_supervisor(const struct plan *plan, struct start *start);
int supervise_main(int argc, char **argv);

#endif
