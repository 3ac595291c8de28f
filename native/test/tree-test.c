/* Copying and removing trees. */
#include <errno.h>
#include <limits.h>
#include <sys/xattr.h>

#include "setup.h"
#include "unit.h"

static struct failure failure;
static char from[128], to[128];

static const char *at(const char *folder, const char *name)
{
	static char paths[2][PATH_MAX];
	static int turn;

	turn = !turn;
	snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", folder, name);
	return paths[turn];
}

static void copies_trees(void)
{
	struct stat a, b;
	char content[32] = "";
	int source, target;

	mkdir(from, 0751);
	mkdir(to, 0700);
	mkdir(at(from, "folder"), 0700);
	unit_write(at(from, "folder/file"), "text");
	chmod(at(from, "folder/file"), 04755);
	CHECK(link(at(from, "folder/file"), at(from, "other")) == 0);
	CHECK(symlink("/etc/passwd", at(from, "link")) == 0);
	CHECK(mkfifo(at(from, "fifo"), 0640) == 0);
	setxattr(at(from, "folder/file"), "user.test", "v", 1, 0);
	setxattr(at(from, "folder"), "user.overlay.opaque", "y", 1, 0);
	chmod(at(from, "folder"), 0500);
	source = open(from, O_RDONLY | O_DIRECTORY);
	target = open(to, O_RDONLY | O_DIRECTORY);
	CHECK(tree_copy(source, target, true, &failure) == 0);
	close(source), close(target);
	CHECK_TEXT("text", unit_read(at(to, "other")));
	CHECK(stat(at(to, "other"), &a) == 0 && stat(at(to, "folder/file"), &b) == 0);
	CHECK(a.st_ino == b.st_ino && (b.st_mode & 07777) == 04755);
	CHECK(readlink(at(to, "link"), content, sizeof(content)) == 11);
	CHECK(lstat(at(to, "fifo"), &a) == 0 && S_ISFIFO(a.st_mode) && (a.st_mode & 0777) == 0640);
	CHECK(stat(to, &a) == 0 && (a.st_mode & 0777) == 0751);
	CHECK(stat(at(to, "folder"), &a) == 0 && (a.st_mode & 0777) == 0500);
	CHECK(getxattr(at(to, "folder"), "user.overlay.opaque", content, 1) < 0);
	CHECK(stat(at(from, "folder/file"), &a) == 0 && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec);
}

static void removes_deep_trees(void)
{
	char path[128];
	int folder;

	snprintf(path, sizeof(path), "%s/deep", unit_scratch());
	mkdir(path, 0700);
	folder = open(path, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 700; i++) {
		int next;

		mkdirat(folder, "d", 0700);
		next = openat(folder, "d", O_RDONLY | O_DIRECTORY);
		close(folder);
		folder = next;
	}
	close(folder);
	CHECK(tree_remove(AT_FDCWD, path, &failure) == 0 && access(path, F_OK) < 0);
}

static void removes_links_not_what_they_name(void)
{
	unit_write(at(unit_scratch(), "kept"), "x");
	CHECK(symlink(unit_scratch(), at(unit_scratch(), "name")) == 0);
	CHECK(tree_remove(AT_FDCWD, at(unit_scratch(), "name"), &failure) == 0);
	CHECK_TEXT("x", unit_read(at(unit_scratch(), "kept")));
	CHECK(tree_remove(AT_FDCWD, at(unit_scratch(), "nothing"), &failure) == 0);
	CHECK(tree_remove(AT_FDCWD, at(unit_scratch(), "kept/below"), &failure) < 0);
	CHECK(tree_remove(AT_FDCWD, from, &failure) == 0 && access(from, F_OK) < 0);
}

int main(void)
{
	snprintf(from, sizeof(from), "%s/from", unit_scratch());
	snprintf(to, sizeof(to), "%s/to", unit_scratch());
	RUN(copies_trees);
	RUN(removes_deep_trees);
	RUN(removes_links_not_what_they_name);
	return unit_end("trees");
}
