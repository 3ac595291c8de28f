/*
 * kept-exec.c - finds the plan that an earlier exec has kept (packages/isolation/src/kept-exec.ts).
 *
 * It is exec.<flags in hexadecimal> in the container's run directory, as docs/launch-plan.md says.
 * A file that another user could have put there, or that is unusual in any way, is not used.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kept-exec.h"
#include "kept-files.h"
#include "plan.h"

enum { FLAGS_MAX = 100, ID_LENGTH = 64 };

static bool is_name(const char *word)
{
	if (!isalnum((unsigned char)*word) && *word != '_')
		return false;
	while (isalnum((unsigned char)*word) || (*word != '\0' && strchr("_.-", *word) != NULL))
		word++;
	return *word == '\0';
}

static bool is_id(const char *word)
{
	return strlen(word) == ID_LENGTH && strspn(word, "0123456789abcdef") == ID_LENGTH;
}

/* Finds containers/ of the caller's store, see packages/storage/src/layout.ts. */
static bool find_containers(char path[PATH_MAX])
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (data != NULL && *data != '\0')
		return *data == '/' && path_of(path, "%s/berth/v1/containers", data);
	return home != NULL && *home == '/' &&
	       path_of(path, "%s/.local/share/berth/v1/containers", home);
}

static bool read_link(const char *path, char target[PATH_MAX])
{
	ssize_t length = readlink(path, target, PATH_MAX - 1);

	if (length >= 0)
		target[length] = '\0';
	return length >= 0;
}

/* Finds the id of the container that WORD names: by its name's link, or as an id. */
static bool find_id(const char *containers, const char *word, char id[PATH_MAX])
{
	char link[PATH_MAX];

	if (!is_name(word) || !path_of(link, "%s/names/%s", containers, word))
		return false;
	return (read_link(link, id) || path_of(id, "%s", word)) && is_id(id);
}

/* Several stores may share a run directory. */
static bool is_of_store(const struct kept *kept, const char *containers, const char *id)
{
	char link[PATH_MAX], target[PATH_MAX], own[PATH_MAX];

	return path_of(link, "%s/store", kept->run_dir) && read_link(link, target) &&
	       path_of(own, "%s/%s", containers, id) && strcmp(own, target) == 0;
}

/* The flags as part of a file name: in hexadecimal, each with its terminating NUL. */
static bool name_flags(int count, char **flags, char name[2 * FLAGS_MAX + 1])
{
	size_t length = 0;

	for (int i = 0; i < count; i++) {
		for (size_t at = 0; at <= strlen(flags[i]); at++, length++) {
			if (length == FLAGS_MAX)
				return false;
			sprintf(name + 2 * length, "%02x", (unsigned char)flags[i][at]);
		}
	}
	name[2 * length] = '\0';
	return true;
}

/* A paused container has no kept plan that may be used: nothing can run in it. */
static int open_kept(const struct kept *kept, const char *flags)
{
	char path[PATH_MAX];

	if (!path_of(path, "%s/paused", kept->run_dir) || access(path, F_OK) == 0 ||
	    !path_of(path, "%s/exec.%s", kept->run_dir, flags))
		return -1;
	return kept_open(path);
}

/* Whether the caller is in the pid namespace in which the plan counts its pids. */
static bool is_own_namespace(const char *inode)
{
	struct stat status;
	uint64_t number;

	return inode != NULL && parse_number(inode, UINT64_MAX, &number) &&
	       stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == number;
}

static bool read_kept(int fd, struct kept *kept)
{
	ssize_t size = read(fd, kept->text, sizeof(kept->text));
	char *at = kept->text, *end = kept->text + (size < 0 ? 0 : size);
	const char *head = next_string(&at, end), *count;
	uint64_t options;

	if (head == NULL || strcmp(head, "berth-exec 1") != 0 ||
	    !is_own_namespace(next_string(&at, end)))
		return false;
	count = next_string(&at, end);
	if (count == NULL || !parse_number(count, KEPT_OPTIONS_MAX - 1, &options))
		return false;
	kept->options[kept->option_count++] = (char *)"exec";
	while (options-- > 0) {
		kept->options[kept->option_count] = next_string(&at, end);
		if (kept->options[kept->option_count++] == NULL)
			return false;
	}
	kept->plan = at;
	kept->plan_size = (size_t)(end - at) - sizeof(PLAN_END);
	return end - at > (ptrdiff_t)sizeof(PLAN_END) &&
	       memcmp(end - sizeof(PLAN_END), PLAN_END, sizeof(PLAN_END)) == 0;
}

/**
 * kept_exec_find() - The plan that was kept for `exec WORD...`
 * @container:	gets the place of the container's name in @words; the command follows it
 *
 * Where the name stands is known by what is kept: a plan for the flags before it. Return: false
 * where there is none that may be used.
 */
bool kept_exec_find(struct kept *kept, char **words, int *container)
{
	char run[PATH_MAX], containers[PATH_MAX], id[PATH_MAX], flags[2 * FLAGS_MAX + 1];

	if (!find_run_directory(run) || !find_containers(containers))
		return false;
	for (int i = 0; words[i] != NULL && name_flags(i, words, flags); i++) {
		int fd = -1;
		bool is_read;

		if (find_id(containers, words[i], id) &&
		    path_of(kept->run_dir, "%s/containers/%s", run, id) &&
		    is_of_store(kept, containers, id))
			fd = open_kept(kept, flags);
		if (fd < 0)
			continue;
		is_read = read_kept(fd, kept);
		close(fd);
		*container = i;
		return is_read;
	}
	return false;
}
