/* Reads /etc/passwd and /etc/group of an image, which may hold anything. */
#include "users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "below.h"

enum { FILE_MAX = 1 << 20, FIELDS = 7 };

static const char stage[] = "find user";

/* The status is Podman's. */
static int fail_missing(struct failure *failure, const char *what, const char *name,
			const char *reason)
{
	fail_because(failure, what, name, reason, 0);
	failure->status = EXIT_NOT_EXECUTABLE;
	return -1;
}

/* The whole of a small regular file, ended; NULL with the failure. A missing one is empty. */
static char *read_file(int root, const char *path, struct failure *failure)
{
	/* O_NONBLOCK: opening a fifo must not wait for a writer. */
	int fd = below_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, false);
	struct stat status;
	size_t length = 0;
	ssize_t got = 0;
	char *text;

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR) {
		fail(failure, "open", path, errno);
		return NULL;
	}
	if (fd < 0)
		return calloc(1, 1);
	if (fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) {
		close(fd);	/* masked */
		return calloc(1, 1);
	}
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size > FILE_MAX) {
		fail_because(failure, "read", path, "not a regular file of at most 1 MiB", 0);
		close(fd);
		return NULL;
	}
	text = malloc((size_t)status.st_size + 1);
	while (text != NULL && length < (size_t)status.st_size &&
	       (got = read(fd, text + length, (size_t)status.st_size - length)) > 0)
		length += (size_t)got;
	if (text == NULL || got < 0) {
		fail(failure, "read", path, errno);
		free(text);
		text = NULL;
	} else {
		text[length] = '\0';
	}
	close(fd);
	return text;
}

/* Takes the next line of @at, split at colons; missing fields are empty. False at the end. */
static bool next_line(char **at, char *fields[FIELDS])
{
	char *line = *at, *end;

	if (*line == '\0')
		return false;
	end = line + strcspn(line, "\n");
	*at = *end == '\0' ? end : end + 1;
	*end = '\0';
	for (int i = 0; i < FIELDS; i++) {
		fields[i] = line;
		line += strcspn(line, ":");
		if (*line != '\0')
			*line++ = '\0';
	}
	return true;
}

static bool is_number(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Ids above INT32_MAX are refused: programs wrap them to others, even to 0. */
static bool read_id(const char *text, unsigned *id)
{
	uint64_t value;

	if (!parse_number(text, INT32_MAX, &value))
		return false;
	*id = (unsigned)value;
	return true;
}

/* Fills uid, gid, home and @name (of @size; empty where passwd has no entry). */
static int find_user(char *passwd, const char *wanted, struct identity *identity, char *name,
		     size_t size, struct failure *failure)
{
	char *fields[FIELDS], *at = passwd;
	bool numeric = is_number(wanted);
	unsigned uid, gid;

	if (numeric && !read_id(wanted, &identity->uid))
		return fail_because(failure, stage, wanted, "the id is larger than 2147483647", 0);
	while (next_line(&at, fields)) {
		if (!read_id(fields[2], &uid) || !read_id(fields[3], &gid))
			continue;
		if (numeric ? uid != identity->uid : strcmp(fields[0], wanted) != 0)
			continue;
		identity->uid = uid;
		identity->gid = gid;
		snprintf(name, size, "%s", fields[0]);
		if (fields[5][0] == '/')
			snprintf(identity->home, sizeof(identity->home), "%s", fields[5]);
		return 0;
	}
	return numeric ? 0 : fail_missing(failure, stage, wanted,
					  "no matching entries in passwd file");
}

static int add_group(struct identity *identity, gid_t gid, struct failure *failure)
{
	for (size_t i = 0; i < identity->group_count; i++) {
		if (identity->groups[i] == gid)
			return 0;
	}
	if (identity->group_count == MAX_GROUPS)
		return fail_because(failure, stage, "", "more than 1024 groups", 0);
	identity->groups[identity->group_count++] = gid;
	return 0;
}

static bool lists_member(const char *members, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = members; *at != '\0';) {
		size_t part = strcspn(at, ",");

		if (part == length && memcmp(at, name, length) == 0)
			return true;
		at += part + (at[part] == ',');
	}
	return false;
}

/* The id of a group by name or number. @groups is read from a copy: lines are cut in place. */
static int find_group(const char *groups, const char *wanted, gid_t *gid, struct failure *failure)
{
	char *copy, *at, *fields[FIELDS];
	bool found = false;
	unsigned id;

	if (is_number(wanted))
		return read_id(wanted, gid) ? 0
			: fail_because(failure, "find group", wanted,
				       "the id is larger than 2147483647", 0);
	copy = strdup(groups);
	if (copy == NULL)
		return fail(failure, "find group", wanted, ENOMEM);
	at = copy;
	while (!found && next_line(&at, fields)) {
		found = strcmp(fields[0], wanted) == 0 && read_id(fields[2], &id);
		if (found)
			*gid = id;
	}
	free(copy);
	return found ? 0 : fail_missing(failure, "find group", wanted,
					"no matching entries in group file");
}

/* Every group that lists the user. */
static int add_member_groups(const char *groups, const char *name, struct identity *identity,
			     struct failure *failure)
{
	char *copy = strdup(groups), *at = copy, *fields[FIELDS];
	int result = copy == NULL ? fail(failure, stage, name, ENOMEM) : 0;
	unsigned gid;

	while (result == 0 && next_line(&at, fields)) {
		if (lists_member(fields[3], name) && read_id(fields[2], &gid))
			result = add_group(identity, gid, failure);
	}
	free(copy);
	return result;
}

static int find_groups(const char *groups, const char *group, const char *name,
		       const struct plan_record *added, struct identity *identity,
		       struct failure *failure)
{
	gid_t gid;

	if (*group != '\0') {
		if (find_group(groups, group, &identity->gid, failure) < 0)
			return -1;
	} else if (*name != '\0') {
		if (add_member_groups(groups, name, identity, failure) < 0)
			return -1;
	}
	for (size_t i = 0; added != NULL && i < added->count; i++) {
		if (strcmp(added->args[i], "keep-groups") == 0) {
			identity->keep_groups = true;
			continue;
		}
		if (find_group(groups, added->args[i], &gid, failure) < 0 ||
		    add_group(identity, gid, failure) < 0)
			return -1;
	}
	return 0;
}

int identity_parse(char *passwd, const char *groups, const char *spec,
		   const struct plan_record *added, struct identity *identity,
		   struct failure *failure)
{
	char user[256], name[256] = "";
	const char *colon, *group;

	if (spec == NULL)
		spec = "";
	colon = strchr(spec, ':');
	group = colon == NULL ? "" : colon + 1;
	identity->uid = 0;
	identity->gid = 0;
	identity->keep_groups = false;
	identity->group_count = 0;
	strcpy(identity->home, "/");
	if ((size_t)snprintf(user, sizeof(user), "%.*s",
			     colon == NULL ? (int)strnlen(spec, sizeof(user)) : (int)(colon - spec),
			     spec) >= sizeof(user))
		return fail_because(failure, stage, spec, "longer than 255 bytes", 0);
	if (find_user(passwd, user[0] == '\0' ? "0" : user, identity, name, sizeof(name),
		      failure) < 0)
		return -1;
	/* The group itself too (CVE-2022-2989): what a group denies must not be had by switching to
	 * another one. Root, whom nobody named, has none, as in Podman. */
	if (find_groups(groups, group, name, added, identity, failure) < 0)
		return -1;
	return spec[0] == '\0' ? 0 : add_group(identity, identity->gid, failure);
}

int identity_find(int root, const char *spec, const struct plan_record *added,
		  struct identity *identity, struct failure *failure)
{
	char *passwd = read_file(root, "/etc/passwd", failure);
	char *groups = passwd == NULL ? NULL : read_file(root, "/etc/group", failure);
	int result = -1;

	if (groups != NULL)
		result = identity_parse(passwd, groups, spec, added, identity, failure);
	free(passwd);
	free(groups);
	return result;
}
