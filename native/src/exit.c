/*
 * exit.c - carries out the plan's exit records when the last run of a container is over.
 *
 * They run in the plan's order, after the exit record is published. If a step fails, the others
 * still run: the next command would do each of them as well, and no client is left to be told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exit.h"
#include "remove.h"

enum { LINE_MAX_BYTES = 8192 };

/* Writes one line; `@STATUS@` and `@TIME@` in it stand for how and when the run ended. */
static void append_line(const char *path, const char *line, const struct run *run)
{
	char text[LINE_MAX_BYTES];
	size_t used = 0;
	int fd;

	while (*line != '\0' && used < sizeof(text) - 64) {
		if (strncmp(line, "@STATUS@", 8) == 0) {
			used += (size_t)snprintf(text + used, 16, "%d", run->status);
			line += 8;
		} else if (strncmp(line, "@TIME@", 6) == 0) {
			used += (size_t)snprintf(text + used, 40, "%lld.%09ld",
						 (long long)run->finished.tv_sec,
						 run->finished.tv_nsec);
			line += 6;
		} else {
			text[used++] = *line++;
		}
	}
	if (used == 0 || text[used - 1] != '\n')
		text[used++] = '\n';
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	/* One write, so that lines of several supervisors never mix. A full disk loses the line. */
	if (write(fd, text, used) < 0)
		used = 0;
	close(fd);
}

/**
 * exit_run_steps() - Carry out the exit records, except those that remove folders given up
 */
void exit_run_steps(const struct plan *plan, const struct run *run)
{
	for (size_t i = 0; i < plan->record_count; i++) {
		char **args = plan->records[i].args;

		switch (plan->records[i].op) {
		case OP_EXIT_UNLINK:
			unlink(args[0]);
			break;
		case OP_EXIT_RENAME:
			rename(args[0], args[1]);
			break;
		case OP_EXIT_APPEND:
			append_line(args[0], args[1], run);
			break;
		default:
			break;
		}
	}
}

/**
 * exit_remove_trees() - Remove the folders that the plan's exit records gave up
 */
void exit_remove_trees(const struct plan *plan)
{
	struct failure ignored;

	for (size_t i = 0; i < plan->record_count; i++)
		if (plan->records[i].op == OP_EXIT_REMOVE)
			tree_remove(AT_FDCWD, plan->records[i].args[0], &ignored);
}
