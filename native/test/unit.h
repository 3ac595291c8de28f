/* The frame of the C unit tests: CHECK says what is wrong and goes on; a test file is a main() that
 * runs its functions and ends with unit_end(). Scratch files lie in a folder of the test's own. */
#ifndef BERTH_UNIT_H
#define BERTH_UNIT_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "remove.h"

static int unit_failures, unit_checks;
static char unit_folder[64];

#define CHECK(condition) unit_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_TEXT(expected, actual) unit_text((expected), (actual), __FILE__, __LINE__)
#define RUN(test) ((void)(unit_name = #test), test())

static const char *unit_name = "";

static inline bool unit_check(bool ok, const char *what, const char *file, int line)
{
	unit_checks++;
	if (ok)
		return true;
	unit_failures++;
	fprintf(stderr, "%s:%d: %s: not true: %s\n", file, line, unit_name, what);
	return false;
}

static inline void unit_text(const char *expected, const char *actual, const char *file, int line)
{
	unit_checks++;
	if (strcmp(expected, actual) == 0)
		return;
	unit_failures++;
	fprintf(stderr, "%s:%d: %s:\n  expected: %s\n  actual:   %s\n", file, line, unit_name,
		expected, actual);
}

/* A new folder, removed by unit_end(). */
static inline const char *unit_scratch(void)
{
	const char *base = getenv("TMPDIR");

	if (unit_folder[0] == '\0') {
		snprintf(unit_folder, sizeof(unit_folder), "%.40s/berth-unit-XXXXXX",
			 base != NULL ? base : "/tmp");
		if (mkdtemp(unit_folder) == NULL)
			perror("mkdtemp"), exit(2);
	}
	return unit_folder;
}

static inline int unit_end(const char *name)
{
	struct failure ignored;

	if (unit_folder[0] != '\0')
		tree_remove(AT_FDCWD, unit_folder, &ignored);
	printf("%s - %s: %d checks, %d failed\n", unit_failures == 0 ? "ok" : "not ok", name,
	       unit_checks, unit_failures);
	return unit_failures == 0 ? 0 : 1;
}

/* The whole of a file as a text; the test's folder is where relative paths begin. */
static inline const char *unit_read(const char *path)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got < 0 ? "(no such file)" : text;
}

static inline void unit_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		perror(path), exit(2);
	close(fd);
}

#endif
