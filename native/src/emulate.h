/* emulate.h - root's system calls where only one id is mapped: chown and mknod wait in the kernel
 * (SECCOMP_RET_USER_NOTIF) until a process beside the supervisor has recorded what they mean. */
#ifndef BERTH_EMULATE_H
#define BERTH_EMULATE_H

#include <linux/seccomp.h>
#include <sys/types.h>

#include "container.h"
#include "failure.h"
#include "owners.h"
#include "plan.h"
#include "tracee.h"

/**
 * struct emulator - the process that answers, as the supervisor knows it
 * @control: takes the listeners of filters; -1 before there is one
 */
struct emulator {
	pid_t pid;
	int control;
};

/**
 * emulator_serve() - Have the calls answered that wait in a process that is being started
 * @process: its listener is taken
 * @plan: the container's
 *
 * The first one starts the process that answers. It is a process of its own because a path of the
 * container may keep it waiting: the supervisor must not be kept.
 */
int emulator_serve(struct emulator *emulator, struct container_process *process,
		   const struct plan *plan, struct failure *failure);

/* The process was reaped; the next listener starts another one. */
void emulator_gone(struct emulator *emulator);

void emulator_end(struct emulator *emulator);

/* emulated-calls.c */

/* The result of the waiting call: 0, or -errno; CALL_GOES_ON: the kernel carries it out. */
enum { CALL_GOES_ON = 1 };

int emulated_call(const struct tracee_view *view, struct owners *owners,
		  const struct seccomp_notif *request, int listener);

#endif
