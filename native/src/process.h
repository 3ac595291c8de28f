/* Turns a process that is in a container into the program that the plan names: descriptors,
 * terminal, limits, user, capabilities, filter. */
#ifndef BERTH_PROCESS_H
#define BERTH_PROCESS_H

#include "container.h"
#include "plan.h"

/**
 * process_prepare() - Everything that can fail for a reason worth telling early
 * @init: pidfd of the container's first process, above all that the program gets; -1: this is it
 * @tty: the terminal's slave, or -1: then opened from the container's devpts if the plan asks
 * @terminal: gets the master in that case
 * @sync: moved out of the way of the descriptors that the program gets
 *
 * Should:
 *   - run with all capabilities of the user namespace, the container's root as root
 *   - leave a process that has no more identity than the program will have, and only those
 *     capabilities in its permitted set that process_execute() still needs
 * Mustn't:
 *   - follow a magic link of procfs: the working directory would lead out of the container
 */
int process_prepare(const struct plan *plan, const struct container_stdio *stdio, int init,
		    int tty, int *terminal, int *sync, struct failure *failure);

/* Loads the filter, drops the last capabilities and executes. Returns only with a failure. */
void process_execute(const struct plan *plan, int sync, struct failure *failure);

#endif
