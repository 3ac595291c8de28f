/* The shared user namespace: finds a live keeper and joins its namespace, else makes one with the
 * wanted id maps. docs/launch-plan.md has the protocol of the keepers' folder. */
#include "userns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text-file.h"

enum { MAP_TEXT_MAX = 16384, LOCK_WAIT_MS = 10000, LOCK_STEP_MS = 1 };

/* Fields 22 and 3 of a stat file; 0 where it can't be read. */
static unsigned long long process_stat(int proc_fd, const char *path, char *state)
{
	char text[1024];
	char *at;

	*state = 'X';
	if (read_text(proc_fd, path, text, sizeof(text)) < 0)
		return 0;
	at = strrchr(text, ')');	/* the name before it may hold anything */
	if (at != NULL && at[1] == ' ')
		*state = at[2];
	for (int field = 2; field < 22 && at != NULL; field++)
		at = strchr(at + 1, ' ');
	return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

unsigned long long process_start_time(int proc_fd, const char *path)
{
	char state;

	return process_stat(proc_fd, path, &state);
}

bool process_lives(int proc_fd, const char *path, unsigned long long start)
{
	char state;

	return process_stat(proc_fd, path, &state) == start && strchr("ZXx", state) == NULL;
}

/* True where the process's map file says exactly what is wanted, in any order. */
static bool same_map(int proc_fd, const char *file, const struct id_map *wanted)
{
	static char text[MAP_TEXT_MAX];
	size_t lines = 0;
	char *save = NULL;

	if (read_text(proc_fd, file, text, sizeof(text)) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		unsigned in, out, length;
		size_t i = 0;

		if (sscanf(line, "%u %u %u", &in, &out, &length) != 3)
			return false;
		while (i < wanted->count &&
		       (wanted->extents[i].inside != in || wanted->extents[i].outside != out ||
			wanted->extents[i].count != length))
			i++;
		if (i == wanted->count)
			return false;
		lines++;
	}
	return lines == wanted->count;
}

/* The id outside of the one that userns_enter() becomes: 0, else the first that is mapped. */
static const struct id_extent *root_extent(const struct id_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		if (map->extents[i].inside == 0)
			return &map->extents[i];
	}
	return &map->extents[0];
}

enum keeper { KEEPER_DEAD = -2, KEEPER_OTHER = -1 };

/**
 * keeper_namespace() - The user namespace of the keeper with this entry
 *
 * The namespace is opened first: the descriptor pins it, so that what is verified afterwards of
 * the same /proc folder is true of it even when the process ends meanwhile and its pid is reused.
 *
 * Return: a descriptor, or an enum keeper.
 */
static int keeper_namespace(int keepers_fd, const char *name, const struct userns *userns)
{
	char path[32], text[32];
	struct stat status;
	int proc_fd, ns, result = KEEPER_OTHER;
	uint64_t pid, start;

	if (!parse_number(name, INT32_MAX, &pid) || pid == 0)
		return KEEPER_OTHER;
	snprintf(path, sizeof(path), "/proc/%u", (unsigned)pid);
	proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return KEEPER_DEAD;
	ns = openat(proc_fd, "ns/user", O_RDONLY | O_CLOEXEC);
	if (read_text(keepers_fd, name, text, sizeof(text)) < 0 ||
	    !parse_number(text, UINT64_MAX, &start) || start == 0 ||
	    process_start_time(proc_fd, "stat") != start)
		result = KEEPER_DEAD;
	else if (ns >= 0 && fstat(proc_fd, &status) == 0 &&
		 status.st_uid == root_extent(&userns->uids)->outside &&
		 same_map(proc_fd, "uid_map", &userns->uids) &&
		 same_map(proc_fd, "gid_map", &userns->gids))
		result = ns;
	close(proc_fd);
	if (ns >= 0 && result != ns)
		close(ns);
	return result;
}

/* Looks through the keepers; @dead counts entries of dead ones, unlinked when @exclusive. */
static int find_namespace(int keepers_fd, const struct userns *userns, bool exclusive, int *dead)
{
	int copy = openat(keepers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int found = -1;

	if (folder == NULL)
		return -1;
	while (found < 0 && (entry = readdir(folder)) != NULL) {
		int ns;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		ns = keeper_namespace(keepers_fd, entry->d_name, userns);
		if (ns >= 0)
			found = ns;
		else if (ns == KEEPER_DEAD && ++*dead && exclusive)
			unlinkat(keepers_fd, entry->d_name, 0);
	}
	closedir(folder);
	return found;
}

static int join_namespace(int ns, struct failure *failure)
{
	struct stat wanted, own;
	int error = 0;

	/* The kernel refuses to join the namespace that one is in. */
	if (stat("/proc/self/ns/user", &own) == 0 && fstat(ns, &wanted) == 0 &&
	    own.st_ino == wanted.st_ino && own.st_dev == wanted.st_dev) {
		close(ns);
		return 0;
	}
	/* Until it executes something nobody in the namespace may look at it (CVE-2016-9962). The
	 * kernel does so as well, unless fs.suid_dumpable says otherwise. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (setns(ns, CLONE_NEWUSER) < 0)
		error = errno;
	close(ns);
	return error == 0 ? 0 : fail(failure, "join user namespace", "", error);
}

/* Opens KEEPERS/lock, making the folder; @folder gets the folder. */
static int open_lock(const char *keepers, int *folder, struct failure *failure)
{
	int lock;

	if (mkdir(keepers, 0700) < 0 && errno != EEXIST)
		return fail(failure, "create", keepers, errno);
	*folder = open(keepers, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*folder < 0)
		return fail(failure, "open", keepers, errno);
	lock = openat(*folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0) {
		fail(failure, "open lock in", keepers, errno);
		close(*folder);
	}
	return lock;
}

int lock_in_time(int fd, int how, int patience_ms)
{
	for (int waited = 0; flock(fd, how | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= patience_ms)
			return -1;
		usleep(LOCK_STEP_MS * 1000);
	}
	return 0;
}

/* Held for the milliseconds of a start. One that someone has stopped holds it for ever: whoever
 * waits for that says so in the end. */
static int take_lock(int lock, int how, const char *keepers, struct failure *failure)
{
	if (lock_in_time(lock, how, LOCK_WAIT_MS) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return fail(failure, "lock", keepers, errno);
	return fail_because(failure, "lock", keepers, "another start holds it and does not go on",
			    EWOULDBLOCK);
}

/* Shared while there is a keeper to join, exclusive from the look to the publishing when not. */
static int find_or_create(int folder, int lock, const struct userns *userns,
			  struct failure *failure)
{
	int dead = 0, ns;

	if (take_lock(lock, LOCK_SH, userns->keepers, failure) < 0)
		return -1;
	ns = find_namespace(folder, userns, false, &dead);
	if (ns < 0 || dead > 0) {
		if (ns >= 0)
			close(ns);
		flock(lock, LOCK_UN);
		if (take_lock(lock, LOCK_EX, userns->keepers, failure) < 0)
			return -1;
		ns = find_namespace(folder, userns, true, &dead);
	}
	return ns >= 0 ? join_namespace(ns, failure) : userns_enter_new(userns, failure);
}

/* Unpublished callers hold no lock while the ids are mapped: nobody waits for them. */
static int find_for_guest(int folder, int lock, const struct userns *userns,
			  struct failure *failure)
{
	struct failure why_alone;
	int dead = 0, ns = -1;

	if (take_lock(lock, LOCK_SH, userns->keepers, &why_alone) == 0)
		ns = find_namespace(folder, userns, false, &dead);
	flock(lock, LOCK_UN);
	return ns >= 0 ? join_namespace(ns, failure) : userns_enter_new(userns, failure);
}

static int become_root(const struct userns *userns, struct failure *failure)
{
	gid_t gid = root_extent(&userns->gids)->inside;
	uid_t uid = root_extent(&userns->uids)->inside;

	if (setresgid(gid, gid, gid) < 0)
		return fail(failure, "become root of the user namespace", "gid", errno);
	if (setresuid(uid, uid, uid) < 0)
		return fail(failure, "become root of the user namespace", "uid", errno);
	return 0;
}

int userns_enter(const struct userns *userns, int *lock, struct failure *failure)
{
	int folder = -1, fd, result;

	if (lock != NULL)
		*lock = -1;
	if (userns->keepers == NULL) {
		result = userns_enter_new(userns, failure);
		return result < 0 ? -1 : become_root(userns, failure);
	}
	fd = open_lock(userns->keepers, &folder, failure);
	if (fd < 0)
		return -1;
	if (lock != NULL)
		result = find_or_create(folder, fd, userns, failure);
	else
		result = find_for_guest(folder, fd, userns, failure);
	close(folder);
	if (result == 0)
		result = become_root(userns, failure);
	if (result == 0 && lock != NULL)
		*lock = fd;
	else
		close(fd);
	return result;
}

int userns_publish(const char *keepers, int lock, pid_t host_pid, struct failure *failure)
{
	int folder = open(keepers, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[16], text[32];
	unsigned long long start = process_start_time(AT_FDCWD, "/proc/self/stat");
	int fd = -1, length, result = 0;

	snprintf(name, sizeof(name), "%d", host_pid);
	length = snprintf(text, sizeof(text), "%llu", start);
	if (folder >= 0 && start != 0)
		fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			    0600);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		result = fail(failure, "become keeper in", keepers, errno);
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	close(lock);
	return result;
}

void userns_withdraw(const char *keepers, pid_t host_pid)
{
	char path[4096];
	int length = snprintf(path, sizeof(path), "%s/%d", keepers, host_pid);

	if (length > 0 && (size_t)length < sizeof(path))
		unlink(path);
}
