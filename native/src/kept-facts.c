/*
 * kept-facts.c - checks whether the facts by which a kept run was decided are still true.
 *
 * packages/engine/src/containers/run-facts.ts says which facts these are, and why. Each is a kind,
 * an object and a value. Nothing is guessed: a fact that can't be checked counts as false.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kept-run.h"

enum { FACT_STRINGS = 3, TEXT_MAX = 16 << 10 };

/* A mode's file type is above its twelve permission bits, inode(7). */
enum { KIND_SHIFT = 12 };

static bool is_number(const char *value, unsigned long long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", number);
	return strcmp(text, value) == 0;
}

/* A file that has not changed since: `INODE SIZE CTIME`, or `-` if it did not exist. */
static bool file_holds(const char *path, const char *value)
{
	struct stat status;
	char text[80];

	if (stat(path, &status) < 0)
		return strcmp(value, "-") == 0;
	snprintf(text, sizeof(text), "%llu %lld %lld", (unsigned long long)status.st_ino,
		 (long long)status.st_size,
		 (long long)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec);
	return strcmp(text, value) == 0;
}

static bool kind_holds(const char *path, const char *value)
{
	struct stat status;

	return stat(path, &status) < 0 ? strcmp(value, "-") == 0
				       : is_number(value, status.st_mode >> KIND_SHIFT);
}

/* A namespace that is still the same, by its inode. */
static bool inode_holds(const char *path, const char *value)
{
	struct stat status;

	return stat(path, &status) == 0 && is_number(value, status.st_ino);
}

/* A small file that still has this content; an unreadable file counts as empty. */
static bool text_holds(const char *path, const char *value)
{
	char text[TEXT_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t size = 0;

	while (fd >= 0 && size < sizeof(text)) {
		ssize_t got = read(fd, text + size, sizeof(text) - size);

		if (got <= 0)
			break;
		size += (size_t)got;
	}
	if (fd >= 0)
		close(fd);
	return size == strlen(value) && memcmp(text, value, size) == 0;
}

/* An address that this machine still has. */
static bool address_holds(const char *object, const char *value)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool holds = fd >= 0 && inet_pton(AF_INET, value, &address.sin_addr) == 1 &&
		     bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	(void)object;
	if (fd >= 0)
		close(fd);
	return holds;
}

static bool env_holds(const char *name, const char *value)
{
	const char *own = getenv(name);

	return own != NULL && strcmp(own, value) == 0;
}

static bool no_env_holds(const char *name, const char *value)
{
	(void)value;
	return getenv(name) == NULL;
}

static bool gid_holds(const char *object, const char *value)
{
	(void)object;
	return getgid() == getegid() && is_number(value, getgid());
}

static bool terminal_holds(const char *object, const char *value)
{
	(void)value;
	return isatty(atoi(object));
}

static const struct {
	const char *kind;
	bool (*holds)(const char *object, const char *value);
} kinds[] = {
	{ "address", address_holds }, { "env", env_holds },   { "file", file_holds },
	{ "gid", gid_holds },	      { "inode", inode_holds }, { "kind", kind_holds },
	{ "no-env", no_env_holds },
	{ "terminal", terminal_holds }, { "text", text_holds },
};

static bool fact_holds(char **fact)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].kind, fact[0]) == 0)
			return kinds[i].holds(fact[1], fact[2]);
	return false;
}

/**
 * kept_facts_hold() - Whether all facts are still true
 */
bool kept_facts_hold(const struct string_list *facts)
{
	if (facts->count % FACT_STRINGS != 0)
		return false;
	for (size_t i = 0; i < facts->count; i += FACT_STRINGS)
		if (!fact_holds(facts->strings + i))
			return false;
	return true;
}
