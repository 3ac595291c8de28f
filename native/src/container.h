/* The container side: what the supervisor calls to make a container's first process and every
 * later one. Everything that happens inside is reported over one socket, in this order:
 *
 *	supervisor				container's process
 *	container_clone()	------>		born in its namespaces
 *	container_hello()	<------		host pid, network namespace
 *	  (network helper starts)		mounts, pivot_root, devices, masks, sysctls
 *	container_ready()	<------		set up; the terminal's master, if any
 *	  (facts written, network ready)
 *	container_release()	------>		seccomp, execve
 *	container_started()	<------		end of file: executing; or a failure
 *
 * A failure may come in place of any message from the right. The socket may be polled. */
#ifndef BERTH_CONTAINER_H
#define BERTH_CONTAINER_H

#include <sys/types.h>

#include "plan.h"

/**
 * struct container_stdio - descriptors that a process is given
 * @stdio: what become 0, 1 and 2; ignored where the plan asks for a terminal
 * @terminal_size: rows << 16 | columns of its terminal; 0 leaves it to the plan
 * @preserved: what become 3, 4, … (`preserve-fds`)
 * @root: for a first process alone: the mount of its root file system, where it was made before
 *	  it; 0: it makes it. It keeps no descriptor of it
 */
struct container_stdio {
	int stdio[3];
	int terminal_size;
	const int *preserved;
	size_t preserved_count;
	int root;
};

struct container_process {
	pid_t pid;		/* as the supervisor counts */
	pid_t host_pid;		/* as the procfs at the supervisor's /proc counts */
	int pidfd;
	int sync;		/* the socket; -1 after container_started() */
	int netns;		/* -1 where the container has the host's */
	int terminal;		/* master of the pseudo-terminal, -1 without */
	int listener;		/* of the filter whose calls are emulated, -1 without */
	dev_t root_device;	/* with a listener: of the root file system that it saw */
	uint64_t root_mount;	/* its id */
};

/**
 * container_clone() - Make the container's first process
 *
 * Should:
 *   - be called by root of the shared user namespace, in a mount namespace of its own whose
 *     mounts are slaves (MS_REC | MS_SLAVE), with the host's procfs at /proc
 *   - be called in the caller's first pid namespace where the plan joins one or has the host's
 *   - be called after the caller has entered the container's cgroup: it becomes the root of the
 *     container's cgroup namespace
 * Mustn't:
 *   - be called with descriptors beyond close-on-exec ones that a container may not see
 */
int container_clone(const struct plan *plan, const struct container_stdio *stdio,
		    struct container_process *process, struct failure *failure);

/* Waits for the first message; fills @host_pid and @netns. */
int container_hello(struct container_process *process, struct failure *failure);

/* Waits until all is set up; fills @terminal. */
int container_ready(struct container_process *process, struct failure *failure);

/* Lets the process execute its program. */
int container_release(struct container_process *process, struct failure *failure);

/* Waits until the program executes; 0, or -1 with the failure, and @sync is closed. 1: it filled
 * @listener, which is the caller's now, and there is more to wait for. */
int container_started(struct container_process *process, struct failure *failure);

/**
 * container_exec() - Start one more process in a running container
 * @init: the container's first process: only its pidfd is used
 * @plan: the container's plan: which namespaces it has
 * @exec_plan: process records
 *
 * Returns as soon as the process is in the container, with pid, pidfd and sync filled; it is a
 * child of the caller. Then container_ready() (fills the terminal's master) and
 * container_started() as for a first process, without container_release(). Both may be put off
 * until the socket is readable: what the process reads of the container may keep it waiting.
 *
 * Should:
 *   - be called by root of the shared user namespace, in its own pid namespace or the host's
 * Mustn't:
 *   - let a descriptor but those of @stdio into the container: all are closed before it is seen
 *     there, and it is not dumpable until it executes
 */
int container_exec(const struct container_process *init, const struct plan *plan,
		   const struct plan *exec_plan, const struct container_stdio *stdio,
		   struct container_process *process, struct failure *failure);

/* From init.c: reaps and forwards signals as process 1 until @child ends; exits with its status.
 * Called in the container, after privileges are dropped and descriptors from 3 on are closed. */
_Noreturn void init_reap(pid_t child);

/* In the child: makes it the foreground group, so that its keys don't reach it twice. */
void init_lead(void);

/* Remembers where the command line is in memory; init_reap() overwrites it. */
void init_keep_title(int argc, char **argv);

#endif
