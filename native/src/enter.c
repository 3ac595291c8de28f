/* Applets that only need the user namespace: `enter` runs a program as its root, `remove` removes
 * trees whose files belong to subordinate ids, `shift` copies layers, `probe` tries what a file
 * system can do; and `take`, which needs only the ids. Three of them also work without one. */
#include "applets.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capabilities.h"
#include "probe.h"
#include "remove.h"
#include "shift.h"
#include "take.h"
#include "userns.h"

struct options {
	struct userns userns;
	bool mount_namespace, sync, here;
	struct shift shift;
	const char *fuse_overlayfs;
	char **rest;	/* what follows `--` */
};

/* One extent as one argument: `INSIDE OUTSIDE COUNT`. */
static int add_extent(struct id_map *map, const char *text, struct failure *failure)
{
	char copy[64], *parts[3], *save = NULL;

	if (strlen(text) >= sizeof(copy))
		return fail_because(failure, "map ids", text, "not a range of ids", 0);
	strcpy(copy, text);
	for (int i = 0; i < 3; i++) {
		parts[i] = strtok_r(i == 0 ? copy : NULL, " ", &save);
		if (parts[i] == NULL)
			return fail_because(failure, "map ids", text, "not a range of ids", 0);
	}
	return id_map_add(map, parts[0], parts[1], parts[2], failure);
}

/* Return: how many values the option took, or -1 with the failure. */
static int read_option(struct options *options, char **argv, int left, struct failure *failure)
{
	const char *name = argv[0];

	if (strcmp(name, "--mount-ns") == 0) {
		options->mount_namespace = true;
		return 0;
	}
	if (strcmp(name, "--here") == 0) {
		options->here = true;
		return 0;
	}
	if (strcmp(name, "--sync") == 0) {
		options->sync = true;
		return 0;
	}
	if (strcmp(name, "--map-helpers") == 0 && left >= 2) {
		options->userns.newuidmap = argv[1];
		options->userns.newgidmap = argv[2];
		return 2;
	}
	if (strcmp(name, "--fuse-overlayfs") == 0 && left >= 1) {
		options->fuse_overlayfs = argv[1];
		return 1;
	}
	if (strcmp(name, "--keepers") == 0 && left >= 1) {
		options->userns.keepers = argv[1];
		return 1;
	}
	if (strcmp(name, "--uid-map") == 0 && left >= 1)
		return add_extent(&options->userns.uids, argv[1], failure) < 0 ? -1 : 1;
	if (strcmp(name, "--gid-map") == 0 && left >= 1)
		return add_extent(&options->userns.gids, argv[1], failure) < 0 ? -1 : 1;
	if (strcmp(name, "--shift-uid") == 0 && left >= 1)
		return add_extent(&options->shift.uids, argv[1], failure) < 0 ? -1 : 1;
	if (strcmp(name, "--shift-gid") == 0 && left >= 1)
		return add_extent(&options->shift.gids, argv[1], failure) < 0 ? -1 : 1;
	return fail_because(failure, "read arguments", name, "no such option, or no value", 0);
}

static int read_options(int argc, char **argv, struct options *options, struct failure *failure)
{
	int at = 1;

	memset(options, 0, sizeof(*options));
	while (at < argc && strcmp(argv[at], "--") != 0) {
		int took = read_option(options, argv + at, argc - at - 1, failure);

		if (took < 0)
			return -1;
		at += 1 + took;
	}
	if (at + 1 >= argc)
		return fail_because(failure, "read arguments", "", "nothing after `--`", 0);
	if (options->userns.uids.count == 0 || options->userns.gids.count == 0)
		return fail_because(failure, "read arguments", "", "no id maps", 0);
	options->rest = argv + at + 1;
	return 0;
}

/* Mounts of the host still appear here; mounts made here appear nowhere else. */
static int new_mount_namespace(struct failure *failure)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return fail(failure, "create mount namespace", "", errno);
	return 0;
}

/* execvp(3) returns EACCES if a folder of PATH can't be searched, whatever the others have. */
static bool is_in_path(const char *name)
{
	const char *at = getenv("PATH");
	char path[4096];

	if (at == NULL || strchr(name, '/') != NULL)
		return true;
	for (size_t length; *at != '\0'; at += length + (at[length] == ':')) {
		length = strcspn(at, ":");
		snprintf(path, sizeof(path), "%.*s/%s", (int)length, at, name);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static struct options options;

/* Where the kernel makes no user namespace, files still get the owners that they would have in it.
 * There, a user's rights would be void outside of his own files: so they are given up here. */
static int enter_namespace(struct failure *failure)
{
	if (!options.here)
		return userns_enter(&options.userns, NULL, failure);
	capabilities_give_up();
	return 0;
}

int enter_main(int argc, char **argv)
{
	struct failure failure;

	if (read_options(argc, argv, &options, &failure) < 0 || enter_namespace(&failure) < 0 ||
	    (options.mount_namespace && new_mount_namespace(&failure) < 0)) {
		failure_print(&failure, STDERR_FILENO);
		return EXIT_ENGINE;
	}
	execvp(options.rest[0], options.rest);
	fail(&failure, "execute", options.rest[0],
	     errno == EACCES && !is_in_path(options.rest[0]) ? ENOENT : errno);
	failure_print(&failure, STDERR_FILENO);
	return failure.error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/* `take -- PATH…`: gives files that belong to none of the ids to the first id. This needs the
 * rights of the machine's root, so it enters no namespace. */
int take_main(int argc, char **argv)
{
	struct failure failure;
	int result = read_options(argc, argv, &options, &failure);

	for (char **path = options.rest; result == 0 && *path != NULL; path++)
		result = tree_take(*path, &options.userns, &failure);
	if (result == 0)
		return 0;
	failure_print(&failure, STDERR_FILENO);
	return EXIT_ENGINE;
}

int remove_main(int argc, char **argv)
{
	struct failure failure;
	int status = 0;

	if (read_options(argc, argv, &options, &failure) < 0 || enter_namespace(&failure) < 0) {
		failure_print(&failure, STDERR_FILENO);
		return EXIT_ENGINE;
	}
	for (char **path = options.rest; *path != NULL; path++) {
		if (tree_remove(AT_FDCWD, *path, &failure) < 0) {
			failure_print(&failure, STDERR_FILENO);
			status = EXIT_ENGINE;
		}
	}
	return status;
}

/* The cleanup after a killed command must not find this process still at work. Set only now,
 * because the change of credentials on entering a user namespace clears it. */
static int end_with(pid_t caller)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != caller ? -1 : 0;
}

static int shift_layers(char **rest, struct failure *failure)
{
	int to;

	if (rest[1] == NULL || rest[2] == NULL)
		return fail_because(failure, "read arguments", "", "TO DATA LAYER…", 0);
	umask(0);
	to = open(rest[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return fail(failure, "open", rest[0], errno);
	if (tree_shift(rest + 2, to, &options.shift, rest[1][0] == '\0' ? NULL : rest[1],
		       failure) < 0)
		return -1;
	return options.sync && syncfs(to) < 0 ? fail(failure, "write", rest[0], errno) : 0;
}

/* `shift [--shift-uid … --shift-gid …] [--sync] -- TO DATA LAYER…`: merges the layers, top one
 * first, into the empty folder TO with other owners; an empty DATA copies their content. --sync
 * also writes the result to the disk. */
int shift_main(int argc, char **argv)
{
	struct failure failure = {.error = ESRCH};
	pid_t caller = getppid();

	if (read_options(argc, argv, &options, &failure) < 0 ||
	    userns_enter(&options.userns, NULL, &failure) < 0 || end_with(caller) < 0 ||
	    shift_layers(options.rest, &failure) < 0) {
		failure_print(&failure, STDERR_FILENO);
		return EXIT_ENGINE;
	}
	return 0;
}

/* `probe [--fuse-overlayfs PROGRAM] -- FOLDER`: tests the file system of an empty folder, and
 * removes the folder. Prints one line for overlay (the kernel's or the program's), `ok` or its
 * failure, and one line for the owners: see probe.h. Outside of a namespace nothing is mounted. */
int probe_main(int argc, char **argv)
{
	const struct id_map *uids = &options.userns.uids;
	struct failure failure, refusal;
	const char *owners;

	if (read_options(argc, argv, &options, &failure) < 0 || enter_namespace(&failure) < 0 ||
	    (!options.here && new_mount_namespace(&failure) < 0) ||
	    probe_owners(options.rest[0], uids->count > 1 || uids->extents[0].count > 1, &owners,
			 &failure) < 0) {
		failure_print(&failure, STDERR_FILENO);
		return EXIT_ENGINE;
	}
	if (options.here)
		dprintf(STDOUT_FILENO, "no user namespace\n");
	else if (probe_overlay(options.rest[0], options.fuse_overlayfs,
			       strcmp(owners, "native") == 0, &refusal) < 0)
		failure_print(&refusal, STDOUT_FILENO);
	else
		dprintf(STDOUT_FILENO, "ok\n");
	dprintf(STDOUT_FILENO, "%s\n", owners);
	if (tree_remove(AT_FDCWD, options.rest[0], &failure) < 0) {
		failure_print(&failure, STDERR_FILENO);
		return EXIT_ENGINE;
	}
	return 0;
}
