/*
 * run-again.c - `berth-native run-again BERTH WORD...`: does what `berth run WORD...` does, without
 * JavaScript, if an earlier run with the same flags and image has been kept.
 *
 * Decisions depend on these words and on facts of the machine: files, variables, namespaces. If all
 * facts are still true (kept-facts.c), the decisions are the same, except for the id, the name and
 * the command. Nothing is decided here. If nothing is kept, or anything differs, this becomes
 * `BERTH -- run WORD...`.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "applets.h"
#include "client.h"
#include "kept-run.h"
#include "new-container.h"

enum { OPTIONS_MAX = 32 };

/* Variables that no process gets, as in packages/isolation/src/native-helper.ts. */
static bool is_of_runtime(const char *variable)
{
	static const char *const begins[] = { "BUN_", "NODE_OPTIONS=", "NODE_CHANNEL",
					      "LD_PRELOAD=" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (strncmp(variable, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static void clean_environment(void)
{
	char **to = environ;

	for (char **from = environ; *from != NULL; from++)
		if (!is_of_runtime(*from))
			*to++ = *from;
	*to = NULL;
}

/* What is needed only to make the container; none of it stays in the supervisor's memory. */
struct work {
	struct kept_run run;
	struct new_container container;
};

/* An option, with the container's id in its hole: --detach prints the id. */
static char *option_of(const char *text, const struct new_container *container)
{
	char option[PATH_MAX];
	struct filled out = { .text = option, .room = sizeof(option) - 1 };

	if (!fill_holes(&out, text, strlen(text), container))
		return NULL;
	option[out.size] = '\0';
	return strdup(option);
}

/* Starts the container, and frees @work. Return: the exit status. */
static int start(struct work *work)
{
	const struct string_list *kept = &work->run.options;
	char plan[PATH_MAX], *options[OPTIONS_MAX] = { (char *)"launch", (char *)"--plan", plan };
	struct client client;
	int count = 3;

	strcpy(plan, work->container.plan);
	for (size_t i = 0; i < kept->count; i++, count++) {
		options[count] = option_of(kept->strings[i], &work->container);
		if (options[count] == NULL) {
			dprintf(2, "Error: start container \"%s\": %s\n", work->container.name,
				strerror(ENOMEM));
			return EXIT_ENGINE;
		}
	}
	munmap(work, sizeof(*work));
	clean_environment();
	syscall(SYS_close_range, 3U, ~0U, 0);
	client_reset_process();
	return client_options(&client, count, options) < 0 ? EXIT_ENGINE : launch_run(&client);
}

/* Return: the exit status, or -1 if nothing has been done. */
static int run_kept(char **words)
{
	struct work *work;

	if (!is_usual_caller())
		return -1;
	/* As packages/engine/src/engine.ts settles it: the owner is never locked out. */
	umask(umask(077) & 077);
	work = mmap(NULL, sizeof(*work), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (work == MAP_FAILED || !kept_run_find(&work->run, words) ||
	    work->run.options.count > OPTIONS_MAX - 3 || !kept_facts_hold(&work->run.facts) ||
	    !container_make(&work->container, &work->run))
		return -1;
	return start(work);
}

/**
 * run_again_main() - The applet
 */
int run_again_main(int argc, char **argv)
{
	return do_again(argc, argv, "run", run_kept);
}
