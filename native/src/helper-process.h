/* helper-process.h - a program of the host that works for one container, as its supervisor's child:
 * it connects the container to the network, or serves its root file system. */
#ifndef BERTH_HELPER_PROCESS_H
#define BERTH_HELPER_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

/**
 * struct helper_process - the program
 * @pid:	0 where there is none
 * @said:	reading end of what it writes to standard error
 */
struct helper_process {
	pid_t pid;
	int said;
};

/**
 * struct helper_program - what to execute
 * @argv:	the program is looked for in PATH
 * @kept:	descriptors that it inherits under their numbers, besides the standard ones
 * @seconds:	it ends after these by itself; 0: it does not
 * @prepare:	unless NULL called with @context in its process before it is executed;
 *		-1 and errno end it
 */
struct helper_program {
	char *const *argv;
	const int *kept;
	size_t kept_count;
	unsigned int seconds;
	int (*prepare)(int context);
	int context;
};

/* Starts it; it ends with its parent. A program that can't be executed ends at once, and says why.
 * Return: 0, or -1 with a failure. */
int helper_start(struct helper_process *helper, const struct helper_program *program,
		 struct failure *failure);

/* Puts the helper's last output, in one line, or the signal that ended it into @text. It was reaped
 * with @status. */
void helper_last_words(const struct helper_process *helper, int status, char *text, size_t size);

/* Kills it and waits for its end. */
void helper_end(struct helper_process *helper);

/* Stops reading the helper's output. */
void helper_close(struct helper_process *helper);

#endif
