/*
 * exit.c - carries out the plan's exit records when the last run of a container is over.
 *
 * They run in the plan's order, after the exit record is published. If a step fails, the others
 * still run: the next command would do each of them as well, and no client is left to be told.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exit.h"
#include "remove.h"

enum { TARGET_MAX = 128 };

static bool leads_to(int folder, const char *link, const char *id)
{
	char target[TARGET_MAX];
	ssize_t length = readlinkat(folder, link, target, sizeof(target));

	return length >= 0 && (size_t)length == strlen(id) &&
	       memcmp(target, id, (size_t)length) == 0;
}

/* As unlinkIf() in packages/storage: the container is gone, so others may take its name at any
 * moment. The link is moved aside, read again, and put back if it is theirs. */
static bool release(int folder, const char *name, const char *id, const char *aside)
{
	if (!leads_to(folder, name, id) || renameat(folder, name, AT_FDCWD, aside) < 0)
		return false;
	if (leads_to(AT_FDCWD, aside, id) || linkat(AT_FDCWD, aside, folder, name, 0) == 0 ||
	    errno == EEXIST)
		unlink(aside);
	return true;
}

/* A container that was renamed meanwhile has another link in the same folder, and its first name
 * may be another container's by now. */
static void release_name(const struct plan *plan, const char *path, const char *id)
{
	const char *tree = plan_value(plan, OP_EXIT_RENAME, 1), *end = strrchr(path, '/');
	char aside[PATH_MAX], folder[PATH_MAX];
	const struct dirent *entry;
	DIR *names;

	if (tree == NULL || end == NULL ||
	    snprintf(aside, sizeof(aside), "%s/.name", tree) >= (int)sizeof(aside) ||
	    release(AT_FDCWD, path, id, aside))
		return;
	snprintf(folder, sizeof(folder), "%.*s", (int)(end - path), path);
	names = opendir(folder);
	if (names == NULL)
		return;
	while ((entry = readdir(names)) != NULL)
		release(dirfd(names), entry->d_name, id, aside);
	closedir(names);
}

/**
 * exit_run_steps() - Carry out the exit records, except those that remove folders given up
 */
void exit_run_steps(const struct plan *plan)
{
	for (size_t i = 0; i < plan->record_count; i++) {
		char **args = plan->records[i].args;

		if (plan->records[i].op == OP_EXIT_RENAME)
			rename(args[0], args[1]);
		else if (plan->records[i].op == OP_EXIT_RELEASE)
			release_name(plan, args[0], args[1]);
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
