/* Detached mounts: made by fsopen(2) or copied by open_tree(2), attached to a descriptor by
 * move_mount(2). */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define LOOKS 6
#define LOOK_STEP_MS 40

/* Takes the last error from the file system context's log, which reads `e TEXT`. */
static void context_reason(int context, char *reason)
{
	char line[REASON_SIZE + 2];
	ssize_t got;

	if (reason == NULL)
		return;
	reason[0] = '\0';
	while ((got = read(context, line, sizeof(line) - 1)) > 2) {
		line[got] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == 'e')
			snprintf(reason, REASON_SIZE, "%s", line + 2);
	}
}

/* Sets one `key=value` or `flag`. */
static int set_option(int context, char *option)
{
	char *value = strchr(option, '=');

	if (value == NULL)
		return fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
	*value++ = '\0';
	return fsconfig(context, FSCONFIG_SET_STRING, option, value, 0);
}

/* Sets comma-separated options; a comma after a backslash belongs to its value. */
static int set_options(int context, const char *options)
{
	char *copy = strdup(options), *at = copy;
	int result = copy == NULL ? -1 : 0;

	while (result == 0 && *at != '\0') {
		char *end = at;

		while (*end != '\0' && *end != ',')
			end += *end == '\\' && end[1] != '\0' ? 2 : 1;
		if (*end == ',')
			*end++ = '\0';
		if (*at != '\0')
			result = set_option(context, at);
		at = end;
	}
	free(copy);
	return result;
}

int mount_new(const char *fstype, const char *source, const char *options, unsigned attributes,
	      char *reason)
{
	int context = fsopen(fstype, FSOPEN_CLOEXEC), mount = -1, error;

	if (reason != NULL)
		reason[0] = '\0';
	if (context < 0)
		return -1;
	if (fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) == 0 &&
	    set_options(context, options) == 0 &&
	    fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(context, FSMOUNT_CLOEXEC, attributes);
	if (mount < 0) {
		error = errno;
		context_reason(context, reason);
		errno = error;
	}
	error = errno;
	close(context);
	errno = error;
	return mount;
}

int mount_copy(int dir, const char *path, bool recursive)
{
	return open_tree(dir, path,
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0) |
				 (path[0] == '\0' ? AT_EMPTY_PATH : 0));
}

bool mount_look_again(int error, int *looks)
{
	if (error != ENOENT || *looks >= LOOKS)
		return false;
	*looks += 1;
	usleep(LOOK_STEP_MS * 1000);
	return true;
}

int mount_restrict(int mount, unsigned attributes, bool recursive)
{
	struct mount_attr attr = {.attr_set = attributes};

	if (attributes == 0)
		return 0;
	/* The access time modes are one number: setting one means clearing the others. */
	if ((attributes & MOUNT_ATTR__ATIME) != 0)
		attr.attr_clr = MOUNT_ATTR__ATIME;
	return mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
			     sizeof(attr));
}

int mount_isolate(int mount)
{
	struct mount_attr attr = {.propagation = MS_PRIVATE};

	return mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

int mount_attach(int mount, int target)
{
	return move_mount(mount, "", target, "",
			  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
