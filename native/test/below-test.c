/* Paths below a root: links stay inside, what is missing is made, nothing outside is touched. */
#include "below.h"

#include <errno.h>
#include <limits.h>

#include "unit.h"

static char root_path[128], outside[128];
static int root;

static bool is_file(int fd, const char *path)
{
	struct stat opened, named;
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", root_path, path);
	if (fd < 0 || fstat(fd, &opened) < 0 || stat(full, &named) < 0)
		return false;
	close(fd);
	return opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

static void link_to(const char *content, const char *name)
{
	CHECK(symlinkat(content, root, name) == 0);
}

static void makes_what_is_missing(void)
{
	bool created = false;
	struct stat status;

	CHECK(is_file(below_ensure(root, "/a/b/c", BELOW_FOLDER, false, &created), "a/b/c"));
	CHECK(created);
	CHECK(is_file(below_ensure(root, "a//b/./c/", BELOW_FOLDER, false, &created), "a/b/c"));
	CHECK(!created);
	CHECK(is_file(below_ensure(root, "/a/file", BELOW_FILE, false, &created), "a/file"));
	CHECK(created && fstatat(root, "a/file", &status, 0) == 0 && S_ISREG(status.st_mode));
	CHECK(is_file(below_ensure(root, "/", BELOW_FOLDER, false, NULL), "."));
	errno = 0;
	CHECK(below_ensure(root, "/a/file/below", BELOW_FILE, false, NULL) < 0 && errno == ENOTDIR);
}

static void keeps_links_inside(void)
{
	link_to("/in/side", "absolute");
	link_to("../../../../up", "upwards");
	link_to(outside, "outside");
	link_to("absolute/further", "chain");
	CHECK(is_file(below_ensure(root, "absolute/x", BELOW_FILE, false, NULL), "in/side/x"));
	CHECK(is_file(below_ensure(root, "upwards/x", BELOW_FOLDER, false, NULL), "up/x"));
	CHECK(is_file(below_ensure(root, "chain", BELOW_FOLDER, false, NULL), "in/side/further"));
	close(below_ensure(root, "outside/evil", BELOW_FILE, false, NULL));
	CHECK(access(outside, F_OK) == 0);
	CHECK(is_file(below_ensure(root, outside, BELOW_FOLDER, false, NULL), outside));
	CHECK(faccessat(AT_FDCWD, outside, F_OK, 0) == 0);
	CHECK(is_file(below_open(root, "../../../up", O_PATH, false), "up"));
}

static void ends_on_loops(void)
{
	link_to("loop-b", "loop-a");
	link_to("loop-a", "loop-b");
	errno = 0;
	CHECK(below_ensure(root, "loop-a/x", BELOW_FILE, false, NULL) < 0 && errno == ELOOP);
	CHECK(below_open(root, "loop-a", O_PATH, false) < 0 && errno == ELOOP);
}

static void follows_no_link_where_it_is_strict(void)
{
	link_to("a", "strict");
	errno = 0;
	CHECK(below_ensure(root, "strict", BELOW_FOLDER, true, NULL) < 0 && errno == ELOOP);
	CHECK(below_ensure(root, "strict/new", BELOW_FOLDER, true, NULL) < 0 && errno == ELOOP);
	link_to("nothing", "dangling");
	CHECK(below_ensure(root, "dangling", BELOW_FOLDER, true, NULL) < 0 && errno == ELOOP);
}

/* CVE-2024-21626: `/proc/self/fd/N` leads to wherever the descriptor is. */
static void follows_no_magic_link(void)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY);
	char path[32];

	snprintf(path, sizeof(path), "self/fd/%d", root);
	errno = 0;
	CHECK(below_open(proc, path, O_PATH, false) < 0 && errno == ELOOP);
	CHECK(below_open(proc, "self/cwd", O_PATH, false) < 0 && errno == ELOOP);
	CHECK(below_open(proc, "self/root/etc", O_PATH, false) < 0 && errno == ELOOP);
	close(proc);
}

static void refuses_long_names(void)
{
	char path[2 * PATH_MAX];

	memset(path, 'n', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	errno = 0;
	CHECK(below_ensure(root, path, BELOW_FILE, false, NULL) < 0 && errno == ENAMETOOLONG);
	path[NAME_MAX + 1] = '\0';
	CHECK(below_ensure(root, path, BELOW_FILE, false, NULL) < 0 && errno == ENAMETOOLONG);
	path[NAME_MAX] = '\0';
	CHECK(is_file(below_ensure(root, path, BELOW_FILE, false, NULL), path));
}

int main(void)
{
	snprintf(root_path, sizeof(root_path), "%s/root", unit_scratch());
	snprintf(outside, sizeof(outside), "%s/outside", unit_scratch());
	mkdir(root_path, 0755);
	mkdir(outside, 0755);
	root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (below_open(root, ".", O_PATH, false) < 0 && errno == ENOSYS) {
		printf("skipped: no openat2(2) here\n");
		return unit_end("paths below a root");
	}
	RUN(makes_what_is_missing);
	RUN(keeps_links_inside);
	RUN(ends_on_loops);
	RUN(follows_no_link_where_it_is_strict);
	RUN(follows_no_magic_link);
	RUN(refuses_long_names);
	return unit_end("paths below a root");
}
