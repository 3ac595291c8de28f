/*
 * kept-files.c - what `exec-again` and `run-again` have in common: where the files are that an
 * earlier command has kept, who may have written them, and what happens if there is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "kept-files.h"

/**
 * path_of() - Build a path. Return: false if it is too long
 */
bool path_of(char path[PATH_MAX], const char *format, ...)
{
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(path, PATH_MAX, format, values);
	va_end(values);
	return length > 0 && length < PATH_MAX;
}

static bool is_private(const char *path, mode_t others)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
	       status.st_uid == getuid() && (status.st_mode & others) == 0;
}

/**
 * find_run_directory() - Find the caller's, where packages/host/src/directories.ts looks first; a
 * caller with another one gets advice there
 */
bool find_run_directory(char path[PATH_MAX])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (runtime != NULL && runtime[0] == '/')
		return is_private(runtime, 066) && path_of(path, "%s/berth", runtime) &&
		       is_private(path, 077);
	if (runtime != NULL || !path_of(path, "/run/user/%u", getuid()))
		return false;
	return path_of(path, access(path, F_OK) == 0 ? "/run/user/%u/berth"
						      : "/dev/shm/berth-run-%u", getuid()) &&
	       is_private(path, 077);
}

/**
 * kept_open() - Open a file that only this user can have written. Return: -1 for any other file
 */
int kept_open(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
			status.st_uid != getuid() || (status.st_mode & 077) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/**
 * next_string() - The next of a text's strings; NULL at its end
 */
char *next_string(char **at, const char *end)
{
	char *string = *at, *nul = memchr(string, '\0', (size_t)(end - string));

	if (nul == NULL)
		return NULL;
	*at = nul + 1;
	return string;
}

/**
 * is_usual_caller() - Whether the caller is not root, not set-id, and has all three streams
 */
bool is_usual_caller(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return false;
	return getuid() != 0 && getuid() == geteuid() && getenv("BERTH_ROOT_CALLER") == NULL;
}

static int start_runtime(int argc, char **argv, const char *command)
{
	const char *const start[] = { "berth", "--", command };
	char **words = calloc((size_t)argc + 2, sizeof(*words));

	if (words != NULL) {
		memcpy(words, start, sizeof(start));
		memcpy(words + 3, argv + 2, ((size_t)argc - 1) * sizeof(*words));
		execv(argv[1], words);
	}
	dprintf(2, "Error: run \"%s\": %s\n", argv[1], strerror(errno));
	return EXIT_ENGINE;
}

/**
 * do_again() - `berth-native APPLET BERTH WORD...`: @again what was kept, else become `BERTH --
 * COMMAND WORD...`, which decides and says what is wrong
 * @again:	gets the words; returns the exit status, or -1 where nothing has been done
 *
 * Return: the exit status.
 */
int do_again(int argc, char **argv, const char *command, int (*again)(char **words))
{
	int status = argc < 2 ? EXIT_ENGINE : again(argv + 2);

	return status >= 0 ? status : start_runtime(argc, argv, command);
}
