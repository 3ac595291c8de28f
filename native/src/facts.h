/* facts.h - the texts from which other commands derive the state of a container. */
#ifndef BERTH_FACTS_H
#define BERTH_FACTS_H

#include <stdbool.h>
#include <time.h>

#include "plan.h"

/**
 * struct run - one run of a container, as recorded
 * @number:	from 1
 * @pid_namespace:	inode of the caller's: the one in which the pids are counted
 * @init:	pid of process 1 as the caller counts; 0 where it was never started
 * @error:	why it could not be started; empty else
 * @boot, @machine:	ids of where the pids are counted; empty where nobody may read them
 * @is_last:	the container goes with it: nobody reads a summary of its end
 */
struct run {
	const char *state_dir, *run_dir, *summary, *pid_namespace;
	unsigned long number;
	pid_t supervisor, init;
	unsigned long long supervisor_start, init_start;
	struct timespec started, finished;
	int status, signal;
	bool oom, is_last;
	char error[768], boot[64], machine[64];
};

int facts_begin_run(struct run *run, const struct plan *plan, struct failure *failure);
int facts_publish_start(struct run *run, struct failure *failure);
int facts_publish_exit(struct run *run, struct failure *failure);
int facts_write_file(const char *dir, const char *name, const char *text, struct failure *failure);
bool facts_supervisor_lives(const char *state_dir);
pid_t facts_own_pid(void);

#endif
