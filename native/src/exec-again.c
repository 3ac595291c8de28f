/*
 * exec-again.c - `berth-native exec-again BERTH WORD...`: does what `berth exec WORD...` does,
 * without JavaScript, if an earlier exec has kept its plan.
 *
 * A plan depends only on the container and on the flags, not on the command. So a plan that was
 * made for a container that still runs is right for every exec with exactly the same flags. Nothing
 * is decided here. If there is no such plan, this becomes `BERTH -- exec WORD...`, which decides
 * and reports what is wrong.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "applets.h"
#include "capabilities.h"
#include "client.h"
#include "descriptors.h"
#include "kept-exec.h"
#include "kept-files.h"
#include "memory-file.h"

static bool add(FILE *text, const char *string)
{
	return fwrite(string, strlen(string) + 1, 1, text) == 1;
}

/* Adds the command to the kept plan. Return: a file with the plan, -1 on failure. */
static int complete_plan(const struct kept *kept, char **command)
{
	int fd = memory_file("berth-plan"), count = 0;
	FILE *text = fd < 0 ? NULL : fdopen(fd, "w");
	bool is_written;

	if (text == NULL)
		return -1;
	while (command[count] != NULL)
		count++;
	is_written = fwrite(kept->plan, kept->plan_size, 1, text) == 1 &&
		     fprintf(text, "args %d", count) > 0 && fputc('\0', text) == '\0';
	for (int i = 0; i < count && is_written; i++)
		is_written = add(text, command[i]);
	is_written = is_written && add(text, PLAN_END) && fflush(text) == 0;
	return is_written && lseek(fd, 0, SEEK_SET) == 0 ? fd : -1;
}

/* Return: the exit status, or -1 if nothing has been done. */
static int exec_kept(char **words)
{
	static struct kept kept;
	struct failure failure = { 0 };
	struct client client;
	struct plan plan;
	int container, plan_fd;

	if (!is_usual_caller() || !kept_exec_find(&kept, words, &container) ||
	    words[container + 1] == NULL ||
	    client_options(&client, kept.option_count, kept.options) < 0)
		return -1;
	client.run_dir = kept.run_dir;
	plan_fd = complete_plan(&kept, words + container + 1);
	if (plan_fd < 0 || plan_read(plan_fd, &plan, &failure) < 0)
		return -1;
	client.control = socket_connect(kept.run_dir, &failure);
	if (client.control < 0)
		return -1;
	capabilities_give_up();
	/* Of the caller's descriptors only the streams stay: this client may run for long. */
	close_others((const int[]){ plan_fd, client.control }, 2);
	client_reset_process();
	return exec_run(&client, plan_fd, &plan);
}

/**
 * exec_again_main() - The applet
 */
int exec_again_main(int argc, char **argv)
{
	return do_again(argc, argv, "exec", exec_kept);
}
