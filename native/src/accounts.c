/* Adds lines to passwd and group for users whom the image does not know. */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "below.h"

enum { ACCOUNTS_MAX = 1 << 20 };

/* True where the third field of a line is @id. */
static bool has_id(const char *text, const char *id)
{
	size_t length = strlen(id);

	for (const char *line = text; *line != '\0';) {
		const char *end = line + strcspn(line, "\n"), *at = line;

		for (int field = 0; field < 2 && at < end; field++) {
			at += strcspn(at, ":\n");
			at += *at == ':';
		}
		if (at < end && strncmp(at, id, length) == 0 &&
		    (at[length] == ':' || at[length] == '\n' || at[length] == '\0'))
			return true;
		line = end + (*end == '\n');
	}
	return false;
}

/* The file's content, to be freed. NULL on failure; errno is 0 if the file is no list of users. */
static char *read_accounts(int fd)
{
	struct stat status;
	ssize_t length;
	char *text;

	errno = 0;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size > ACCOUNTS_MAX)
		return NULL;
	text = calloc(1, (size_t)status.st_size + 1);
	length = text == NULL ? -1 : pread(fd, text, (size_t)status.st_size, 0);
	if (length >= 0)
		return text;
	free(text);
	return NULL;
}

static int append_line(int root, const char *file, const char *before, const char *line)
{
	int fd = below_open(root, file, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY, false);
	size_t length = strlen(before);
	bool is_open_line = length > 0 && before[length - 1] != '\n';
	int result = fd < 0 ? -1 : dprintf(fd, "%s%s\n", is_open_line ? "\n" : "", line);

	if (fd >= 0)
		close(fd);
	return result < 0 ? -1 : 0;
}

/*
 * An image without this file has no users at all. Overlay copies a file up when it is opened for
 * writing, so a file that has the line already is only read.
 */
int setup_account(struct setup *setup, const struct plan_record *record)
{
	const char *file = record->args[0], *id = record->args[1], *line = record->args[2];
	int fd = below_open(setup->root, file, O_RDONLY | O_NONBLOCK | O_NOCTTY, false);
	int result = 0;
	char *text;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			? 0 : fail(setup->failure, "add user to", file, errno);
	text = read_accounts(fd);
	if (text == NULL ? errno != 0
			 : !has_id(text, id) && append_line(setup->root, file, text, line) < 0)
		result = fail(setup->failure, "add user to", file, errno);
	free(text);
	close(fd);
	return result;
}
