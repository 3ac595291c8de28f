/* kept-exec.h - plans that an exec has kept for the next ones with the same flags. */
#ifndef BERTH_KEPT_EXEC_H
#define BERTH_KEPT_EXEC_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "kept-files.h"

enum { KEPT_OPTIONS_MAX = 32 };

/* A plan ends with these words, and the last NUL. */
#define PLAN_END "end 0"

/**
 * struct kept - a plan that is kept, and what is run by it
 * @run_dir:	the container's
 * @text:	the file's, of which @plan, without its command and its end, is the last part
 * @options:	the client's, as exec_main() reads them
 */
struct kept {
	char run_dir[PATH_MAX];
	char text[KEPT_MAX];
	size_t plan_size;
	const char *plan;
	char *options[KEPT_OPTIONS_MAX];
	int option_count;
};

bool kept_exec_find(struct kept *kept, char **words, int *container);

#endif
