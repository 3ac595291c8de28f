/* Entries of passwd and group for users whom the image does not know. */
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

static int append_unless_there(int fd, const struct plan_record *record)
{
	const char *id = record->args[1], *line = record->args[2];
	struct stat status;
	ssize_t length;
	char *text;
	int result;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size > ACCOUNTS_MAX)
		return 0;
	text = calloc(1, (size_t)status.st_size + 1);
	length = text == NULL ? -1 : pread(fd, text, (size_t)status.st_size, 0);
	if (length < 0) {
		free(text);
		return -1;
	}
	result = has_id(text, id) ? 0
		 : dprintf(fd, "%s%s\n",
			   length > 0 && text[length - 1] != '\n' ? "\n" : "", line);
	free(text);
	return result < 0 ? -1 : 0;
}

/* An image without the file knows no users at all. */
int setup_account(struct setup *setup, const struct plan_record *record)
{
	const char *file = record->args[0];
	int fd = below_open(setup->root, file, O_RDWR | O_APPEND | O_NONBLOCK | O_NOCTTY, false);
	int result = 0;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			? 0 : fail(setup->failure, "add user to", file, errno);
	if (append_unless_there(fd, record) < 0)
		result = fail(setup->failure, "add user to", file, errno);
	close(fd);
	return result;
}
