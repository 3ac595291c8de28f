/*
 * new-container.c - makes a container from a kept run, as packages/storage/src/container-create.ts
 * does: its files in staging/, under the name of their owner, its own name, then one rename; then
 * it checks that everything the container needs is still there. docs/state.md has the rules.
 *
 * It reports nothing. If anything is unusual, it undoes everything, and the runtime decides.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"
#include "memory-file.h"
#include "new-container.h"
#include "userns.h"

enum { NAME_ATTEMPTS = 20, OWNER_RANDOM_BYTES = 6 };

static bool random_hex(char *text, size_t bytes)
{
	unsigned char random[ID_LENGTH / 2];

	if (getrandom(random, bytes, 0) != (ssize_t)bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		sprintf(text + 2 * i, "%02x", random[i]);
	return true;
}

static const char *choose(const struct string_list *list)
{
	unsigned int number;

	if (list->count == 0 || getrandom(&number, sizeof(number), 0) != sizeof(number))
		return "";
	return list->strings[number % list->count];
}

/* An id whose first digits, which serve as host name, are no number. */
static bool choose_id(char id[ID_LENGTH + 1])
{
	do {
		if (!random_hex(id, ID_LENGTH / 2))
			return false;
	} while (strspn(id, "0123456789") >= SHORT_ID_LENGTH);
	return true;
}

static bool choose_owner(struct new_container *container)
{
	char random[2 * OWNER_RANDOM_BYTES + 1];
	unsigned long long start = process_start_time(AT_FDCWD, "/proc/self/stat");

	return start != 0 && random_hex(random, OWNER_RANDOM_BYTES) &&
	       snprintf(container->owner, sizeof(container->owner), "%s,%d,%llu,%s",
			container->run->owner, (int)facts_own_pid(), start, random) <
		       (int)sizeof(container->owner);
}

static bool choose_identity(struct new_container *container)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(container->created, sizeof(container->created), "%lld",
		 (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	return choose_id(container->id) && choose_owner(container) &&
	       path_of(container->directory, "%s/%s", container->run->containers,
		       container->id) &&
	       path_of(container->plan, "%s/plan", container->directory);
}

/* containers/names/NAME is a link to the id; making it is what reserves the name. */
static bool reserve_name(struct new_container *container)
{
	const struct kept_run *run = container->run;
	char link[PATH_MAX];

	for (int left = NAME_ATTEMPTS; left > 0; left--) {
		if (run->name[0] != '\0')
			snprintf(container->name, sizeof(container->name), "%s", run->name);
		else
			snprintf(container->name, sizeof(container->name), "%s_%s",
				 choose(&run->adjectives), choose(&run->surnames));
		if (!path_of(link, "%s/names/%s", run->containers, container->name))
			return false;
		if (symlink(container->id, link) == 0)
			return true;
		if (errno != EEXIST || run->name[0] != '\0')
			return false;
	}
	return false;
}

static bool has_name(const struct new_container *container)
{
	char link[PATH_MAX], target[ID_LENGTH + 1];
	ssize_t length;

	if (!path_of(link, "%s/names/%s", container->run->containers, container->name))
		return false;
	length = readlink(link, target, sizeof(target));
	return length == ID_LENGTH && memcmp(target, container->id, ID_LENGTH) == 0;
}

static void release_name(const struct new_container *container)
{
	char link[PATH_MAX];

	if (has_name(container) &&
	    path_of(link, "%s/names/%s", container->run->containers, container->name))
		unlink(link);
}

static bool write_file(int folder, const struct kept_file *file, struct new_container *container)
{
	struct filled out = { .text = container->text, .room = sizeof(container->text) };
	bool is_written;
	int fd;

	if (!fill_holes(&out, file->text, file->size, container))
		return false;
	fd = openat(folder, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	is_written = write_all(fd, out.text, out.size) &&
		     (file->mode == 0600 || fchmod(fd, file->mode) == 0);
	return close(fd) == 0 && is_written;
}

/* upper/ becomes the container's root, so that its mode is that of any. */
static bool write_files(int folder, struct new_container *container)
{
	const struct kept_run *run = container->run;

	for (size_t i = 0; i < run->file_count; i++)
		if (!write_file(folder, &run->files[i], container))
			return false;
	return mkdirat(folder, "upper", 0755) == 0 && fchmodat(folder, "upper", 0755, 0) == 0 &&
	       mkdirat(folder, "work", 0700) == 0;
}

static void remove_staged(const char *staged, const struct new_container *container)
{
	int folder = open(staged, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return;
	for (size_t i = 0; i < container->run->file_count; i++)
		unlinkat(folder, container->run->files[i].name, 0);
	unlinkat(folder, "upper", AT_REMOVEDIR);
	unlinkat(folder, "work", AT_REMOVEDIR);
	close(folder);
	rmdir(staged);
}

static bool write_staged(const char *staged, struct new_container *container)
{
	int folder = open(staged, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool is_written;

	if (folder < 0)
		return false;
	is_written = reserve_name(container) && write_files(folder, container) &&
		     rename(staged, container->directory) == 0;
	close(folder);
	return is_written;
}

/* A collection takes first and looks at the containers after, so one of the two sees the other. */
static bool has_all(const struct new_container *container)
{
	const struct string_list *layers = &container->run->layers;
	struct stat status;

	for (size_t i = 0; i < layers->count; i++)
		if (lstat(layers->strings[i], &status) < 0)
			return false;
	return has_name(container);
}

/**
 * container_make() - A container that exists and has never run, its plan with it
 * @container:	zeros
 *
 * Return: false where there is none; nothing of it is left then.
 */
bool container_make(struct new_container *container, const struct kept_run *run)
{
	char staged[PATH_MAX], trash[PATH_MAX];

	container->run = run;
	if (!choose_identity(container) ||
	    !path_of(staged, "%s/%s,container-%s", run->staging, container->owner,
		     container->id) ||
	    !path_of(trash, "%s/%s,tree", run->trash, container->owner) ||
	    mkdir(staged, 0700) < 0)
		return false;
	if (!write_staged(staged, container)) {
		remove_staged(staged, container);
		release_name(container);
		return false;
	}
	if (has_all(container))
		return true;
	rename(container->directory, trash);
	release_name(container);
	return false;
}
