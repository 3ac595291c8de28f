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
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit.h"
#include "remove.h"
#include "userns.h"

enum { TARGET_MAX = 128, LOCK_WAIT_MS = 3000 };

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

/* Whether a container's record has the volume's name, which is a random one. A record that can't be
 * read may have it. */
static bool names_volume(int containers, const char *id, const char *volume)
{
	char path[PATH_MAX];
	struct stat status;
	void *text = MAP_FAILED;
	bool found = true;
	int fd;

	snprintf(path, sizeof(path), "%s/config.json", id);
	fd = openat(containers, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOENT && errno != ENOTDIR;
	if (fstat(fd, &status) == 0)
		text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (text != MAP_FAILED) {
		found = memmem(text, (size_t)status.st_size, volume, strlen(volume)) != NULL;
		munmap(text, (size_t)status.st_size);
	}
	return found;
}

static bool is_mounted(const char *containers, const char *volume)
{
	DIR *all = opendir(containers);
	const struct dirent *entry;
	bool found = all == NULL;

	while (!found && (entry = readdir(all)) != NULL)
		found = names_volume(dirfd(all), entry->d_name, volume);
	if (all != NULL)
		closedir(all);
	return found;
}

/* As remove() in packages/storage/src/volumes.ts: by --volumes-from, others may mount the volume of
 * a container. Its record is locked from the look at them to the rename. */
static void give_volume_up(const char *volume, const char *tree, const char *container)
{
	const char *name = strrchr(volume, '/');
	const char *end = container == NULL ? NULL : strrchr(container, '/');
	char path[PATH_MAX];
	int lock;

	if (name == NULL || end == NULL ||
	    snprintf(path, sizeof(path), "%s/record.json", volume) >= (int)sizeof(path))
		return;
	lock = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (lock < 0)
		return;
	snprintf(path, sizeof(path), "%.*s", (int)(end - container), container);
	if (lock_in_time(lock, LOCK_EX, LOCK_WAIT_MS) == 0 && !is_mounted(path, name + 1))
		rename(volume, tree);
	close(lock);
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
		else if (plan->records[i].op == OP_EXIT_VOLUME)
			give_volume_up(args[0], args[1], plan_value(plan, OP_EXIT_RENAME, 0));
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
