/* The last stages before a container's program: its descriptors, its user, and its rights. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "below.h"
#include "interpreter.h"
#include "own-ids.h"
#include "privileges.h"
#include "setup.h"
#include "users.h"

#ifndef PIPEFS_MAGIC
#define PIPEFS_MAGIC 0x50495045
#endif

static const char default_path[] =
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *environment_value(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment != NULL; environment++) {
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	}
	return NULL;
}

/* The plan's environment; HOME is added if the plan asks for it and does not set it. */
static char **environment_of(const struct plan *plan, const char *home)
{
	static char variable[HOME_MAX + 8];
	const struct plan_record *record = plan_find(plan, OP_ENV);
	size_t count = record == NULL ? 0 : record->count;
	char **environment = calloc(count + 2, sizeof(*environment));

	if (environment == NULL)
		return NULL;
	if (record != NULL)
		memcpy(environment, record->args, count * sizeof(*environment));
	if (plan_flag(plan, OP_HOME_DEFAULT) && environment_value(environment, "HOME") == NULL) {
		snprintf(variable, sizeof(variable), "HOME=%s", home);
		environment[count] = variable;
	}
	return environment;
}

/* Enters the working directory by descriptor, below the root and through no magic link, so that an
 * image's `/proc/self/fd/7` is refused. A directory made here belongs to the user. */
static int enter_directory(const struct plan *plan, int root, const struct identity *identity,
			   struct failure *failure)
{
	const char *path = plan_value(plan, OP_CWD, 0);
	bool create = path != NULL && strcmp(plan_value(plan, OP_CWD, 1), "1") == 0;
	bool created = false;
	int fd, error = 0;

	if (path == NULL || path[0] == '\0')
		path = "/";
	fd = create ? below_ensure(root, path, BELOW_FOLDER, false, &created)
		    : below_open(root, path, O_PATH | O_DIRECTORY, false);
	if (fd < 0)
		error = errno;
	else if (created && fchownat(fd, "", identity->file_uid, identity->file_gid,
				     AT_EMPTY_PATH) < 0)
		error = errno;
	else if (fchdir(fd) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	if (error == 0)
		return 0;
	fail(failure, "enter working directory", path, error);
	/* Podman gives these two statuses to a failure of a container and of an exec. */
	failure->status = error == ENOENT && plan_find(plan, OP_ID) == NULL
		? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
	return -1;
}

/* Opens a terminal of the container's own: from a real devpts, through no symlink. */
static int open_terminal(int root, int *master, int *slave)
{
	int devpts = below_open(root, "/dev/pts", O_PATH | O_DIRECTORY, true), result = -1;
	struct statfs fs;

	if (devpts < 0)
		return -1;
	if (fstatfs(devpts, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC)
		result = pty_open(devpts, master, slave);
	else
		errno = ENOTTY;
	close(devpts);
	return result;
}

/* Always makes a new session: without a terminal the process can't reach the caller's one. */
static int take_terminal(const struct plan *plan, int tty, int known_size,
			 const struct identity *identity, struct failure *failure)
{
	struct winsize size = {0};
	uint64_t rows, columns;

	if (setsid() < 0 && errno != EPERM)
		return fail(failure, "start session", "", errno);
	if (tty < 0)
		return 0;
	if (!parse_number(plan_value(plan, OP_TERMINAL, 0), UINT16_MAX, &rows) ||
	    !parse_number(plan_value(plan, OP_TERMINAL, 1), UINT16_MAX, &columns))
		return fail(failure, "size terminal", "", EINVAL);
	size.ws_row = (unsigned short)(known_size > 0 ? known_size >> 16 : (int)rows);
	size.ws_col = (unsigned short)(known_size > 0 ? known_size & 0xffff : (int)columns);
	if (ioctl(tty, TIOCSCTTY, 0) < 0)
		return fail(failure, "take terminal", "", errno);
	if (size.ws_row != 0 && size.ws_col != 0)
		ioctl(tty, TIOCSWINSZ, &size);
	if (identity->file_uid != 0 && fchown(tty, identity->file_uid, (gid_t)-1) < 0)
		return fail(failure, "give terminal to user", "", errno);
	return 0;
}

/**
 * take_descriptors() - 0 to 2 and the preserved ones in place, all others close-on-exec
 *
 * Sources are first copied above the range of targets, since any of them may stand in another's
 * place.
 */
static int take_descriptors(const struct container_stdio *stdio, int tty, int *sync,
			    struct failure *failure)
{
	int count = 3 + (int)stdio->preserved_count;
	int *sources = calloc((size_t)count, sizeof(*sources)), result = 0;
	int kept_sync = fcntl(*sync, F_DUPFD_CLOEXEC, count);

	if (sources == NULL)
		return fail(failure, "pass descriptor", "", ENOMEM);
	for (int i = 0; result == 0 && i < count; i++) {
		int source = i >= 3 ? stdio->preserved[i - 3] : tty >= 0 ? tty : stdio->stdio[i];

		sources[i] = kept_sync < 0 ? -1 : fcntl(source, F_DUPFD_CLOEXEC, count);
		if (sources[i] < 0)
			result = fail(failure, "pass descriptor", "", errno);
	}
	/* On failure *sync stays, so that the failure can be sent. */
	if (result == 0)
		*sync = kept_sync;
	for (int i = 0; result == 0 && i < count; i++) {
		if (dup2(sources[i], i) < 0)
			result = fail(failure, "pass descriptor", "", errno);
	}
	free(sources);
	if (result == 0 && close_range((unsigned)count, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		result = fail(failure, "close descriptors", "", errno);
	return result;
}

/* Gives anonymous pipes to the user, so that a user other than root can open /dev/stdout again. The
 * owner of a file that has a name on the host never changes. */
static void give_pipes(const struct identity *identity)
{
	for (int i = 0; i < 3 && identity->file_uid != 0; i++) {
		struct statfs fs;

		if (fstatfs(i, &fs) == 0 && fs.f_type == PIPEFS_MAGIC &&
		    fchown(i, identity->file_uid, identity->file_gid) < 0)
			/* A pipe of another user keeps its owner. */
			continue;
	}
}

static const struct {
	const char *name;
	int resource;
} limits[] = {
	{"as", RLIMIT_AS}, {"core", RLIMIT_CORE}, {"cpu", RLIMIT_CPU}, {"data", RLIMIT_DATA},
	{"fsize", RLIMIT_FSIZE}, {"locks", RLIMIT_LOCKS}, {"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE}, {"nofile", RLIMIT_NOFILE},
	{"nproc", RLIMIT_NPROC}, {"rss", RLIMIT_RSS}, {"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME}, {"sigpending", RLIMIT_SIGPENDING}, {"stack", RLIMIT_STACK},
};

static bool read_limit(const char *text, rlim_t *value)
{
	uint64_t number;

	if (strcmp(text, "unlimited") == 0 || strcmp(text, "-1") == 0)
		*value = RLIM_INFINITY;
	else if (parse_number(text, UINT64_MAX, &number))
		*value = number;
	else
		return false;
	return true;
}

static int set_limits(const struct plan *plan, struct failure *failure)
{
	const struct plan_record *record = NULL;

	while ((record = plan_next(plan, OP_RLIMIT, record)) != NULL) {
		size_t i = 0, known = sizeof(limits) / sizeof(limits[0]);
		struct rlimit limit;

		while (i < known && strcmp(limits[i].name, record->args[0]) != 0)
			i++;
		if (i == known || !read_limit(record->args[1], &limit.rlim_cur) ||
		    !read_limit(record->args[2], &limit.rlim_max))
			return fail(failure, "set resource limit", record->args[0], EINVAL);
		if (setrlimit((__rlimit_resource_t)limits[i].resource, &limit) < 0)
			return fail(failure, "set resource limit", record->args[0], errno);
	}
	return 0;
}

static int set_umask(const struct plan *plan, struct failure *failure)
{
	const char *mask = plan_value(plan, OP_UMASK, 0);

	if (mask != NULL && (*mask == '\0' || mask[strspn(mask, "01234567")] != '\0'))
		return fail(failure, "set umask", mask, EINVAL);
	umask(mask == NULL ? 022 : (mode_t)strtoul(mask, NULL, 8) & 0777);
	return 0;
}

static int set_inherited(const struct plan *plan, struct failure *failure)
{
	const char *persona = plan_value(plan, OP_PERSONALITY, 0);
	uint64_t number = 0;

	if (persona != NULL && (!parse_number(persona, UINT16_MAX, &number) ||
				personality((unsigned long)number) < 0))
		return fail(failure, "set personality", persona, EINVAL);
	/* A kernel without keyrings has none to share. */
	if (plan_flag(plan, OP_NEW_KEYRING) &&
	    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return fail(failure, "join session keyring", "", errno);
	return set_limits(plan, failure);
}

static struct identity identity;
static char **environment;

int process_prepare(const struct plan *plan, const struct container_stdio *stdio, int init,
		    int tty, int *terminal, int *sync, struct failure *failure)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), result = -1;

	if (root < 0)
		return fail(failure, "open", "/", errno);
	if (identity_find(root, plan_value(plan, OP_USER, 0), plan_find(plan, OP_GROUP_ADD),
			  &identity, failure) < 0)
		goto out;
	if (identity_place(&identity, plan, failure) < 0)
		goto out;
	environment = environment_of(plan, identity.home);
	if (environment == NULL) {
		fail(failure, "copy environment", "", ENOMEM);
		goto out;
	}
	if (plan_find(plan, OP_TERMINAL) == NULL) {
		tty = -1;
	} else if (tty < 0 && open_terminal(root, terminal, &tty) < 0) {
		fail(failure, "open terminal", "", errno);
		goto out;
	}
	if (take_terminal(plan, tty, stdio->terminal_size, &identity, failure) == 0 &&
	    set_inherited(plan, failure) == 0 &&
	    enter_directory(plan, root, &identity, failure) == 0 &&
	    take_descriptors(stdio, tty, sync, failure) == 0 &&
	    /* The umask is set only now: a new working directory gets the usual mode. */
	    set_umask(plan, failure) == 0) {
		give_pipes(&identity);
		result = identity.own_ids ? own_ids_enter(root, &identity, failure)
					  : container_ids_enter(plan, init, failure);
		if (result == 0)
			result = privileges_drop(plan, &identity, failure);
	}
out:
	close(root);
	return result;
}

/* @path is the file that was found for @name, NULL if none was found. */
static void fail_execute(const char *name, const char *path, int error, struct failure *failure)
{
	bool missing = error == ENOENT || error == ENOTDIR;
	char reason[192];

	if (path != NULL && interpreter_explain(path, error, reason, sizeof(reason)))
		fail_because(failure, "execute", name, reason, error);
	else if (missing && path == NULL)
		fail_because(failure, "execute", name, "executable file not found in PATH", error);
	else
		fail(failure, "execute", name, error);
	failure->status = missing ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/* Executes the first file with that name in PATH. A file that can't be executed is skipped, and
 * reported only if there is no other. Relative folders of PATH are ignored. */
static void execute_in_path(const char *name, char **argv, struct failure *failure)
{
	const char *at = environment_value(environment, "PATH");
	char path[4096], found[4096] = "";
	int error = ENOENT;

	if (at == NULL)
		at = default_path;
	for (size_t length; *at != '\0'; at += length + (at[length] == ':')) {
		length = strcspn(at, ":");
		if (at[0] != '/' || length + strlen(name) + 2 > sizeof(path))
			continue;
		snprintf(path, sizeof(path), "%.*s/%s", (int)length, at, name);
		execve(path, argv, environment);
		if (errno != ENOENT && errno != ENOTDIR) {
			error = errno;
			strcpy(found, path);
		} else if (found[0] == '\0' && access(path, F_OK) == 0) {
			strcpy(found, path);
		} else {
			continue;
		}
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			break;
	}
	fail_execute(name, found[0] == '\0' ? NULL : found, error, failure);
}

static void execute(const struct plan *plan, struct failure *failure)
{
	const struct plan_record *args = plan_find(plan, OP_ARGS);

	if (args == NULL || args->args[0][0] == '\0') {
		fail_because(failure, "execute \"\"", "", "the command is an empty word", ENOENT);
		failure->status = EXIT_NOT_FOUND;
	} else if (strchr(args->args[0], '/') == NULL) {
		execute_in_path(args->args[0], args->args, failure);
	} else {
		execve(args->args[0], args->args, environment);
		fail_execute(args->args[0], args->args[0], errno, failure);
	}
}

/* Process 1 stays as the reaper. It has the program's identity, and keeps only the standard
 * descriptors. */
static void stay_as_init(struct failure *failure)
{
	pid_t child = fork();

	if (child < 0) {
		fail(failure, "start process", "", errno);
	} else if (child > 0) {
		close_range(3, ~0U, 0);
		init_reap(child);
	} else {
		init_lead();
	}
}

void process_execute(const struct plan *plan, int sync, struct failure *failure)
{
	struct pollfd supervisor = {.fd = sync, .events = POLLIN};

	/* Ends the container with its supervisor where no pid namespace does. A change of identity
	 * clears the setting, so it is made after that; poll() notices a supervisor that died
	 * before. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&supervisor, 1, 0) > 0 && (supervisor.revents & POLLHUP) != 0)
		_exit(EXIT_ENGINE);
	if (privileges_finish(plan, &identity, sync, failure) < 0)
		return;
	failure->status = 0;
	if (plan_flag(plan, OP_INIT))
		stay_as_init(failure);
	if (failure->status == 0)
		execute(plan, failure);
}
