/* inside.h - what runs in a container's own processes, until they are its program. Whatever fails
 * there is reported over @sync, the socket of container.h. */
#ifndef BERTH_INSIDE_H
#define BERTH_INSIDE_H

#include "container.h"
#include "namespaces.h"

/**
 * inside_first() - The container's first process, from its birth to its program
 *
 * Should:
 *   - tell of the network namespace before anything slow, so that the network helper overlaps
 *   - wait for the supervisor's word with everything done but the filter and the program
 * Mustn't:
 *   - touch a path of the host after set_up_files(), which leaves none
 */
_Noreturn void inside_first(const struct plan *plan, const struct namespaces *wanted,
			    const struct container_stdio *stdio, int sync);

/**
 * inside_later() - The intermediate process of an exec, then the process itself
 *
 * Should:
 *   - set what belongs to the host's procfs before the container's files are all there is
 * Mustn't:
 *   - be dumpable or hold a descriptor of ours from the moment that it can be seen inside
 */
_Noreturn void inside_later(int init, int flags, const struct plan *exec_plan,
			    const struct container_stdio *stdio, int sync);

/**
 * inside_step() - In an intermediate process: join a pid namespace, then start the process in it
 *
 * The new process is the supervisor's child, not this one's. All that it will not need is closed
 * before it can be seen from inside the namespace.
 *
 * Return: in the new process 0; this one doesn't return.
 */
int inside_step(int sync, uint64_t flags);

/* clone3() with these flags: as fork() does, it returns in both processes. */
pid_t inside_clone(uint64_t flags);

/* Needs the host's procfs at /proc, and a process that is dumpable. */
int inside_write_oom_score(const struct plan *plan, struct failure *failure);

/* Reports the failure, and ends this process. */
_Noreturn void inside_give_up(int sync, const struct failure *failure);

#endif
