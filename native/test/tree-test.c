/* Copying and removing trees. */
#include <errno.h>
#include <limits.h>
#include <sys/xattr.h>

#include "setup.h"
#include "shift.h"
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

/* A layer over another, with marks as overlay reads them or by names; the copy is what is seen. */
static void merge(bool named)
{
	char lower[128], upper[128], merged[128], *layers[] = {upper, lower, NULL};
	struct shift shift = {.data = NULL};
	struct stat a, b;
	int target;

	snprintf(lower, sizeof(lower), "%s/lower-%d", unit_scratch(), named);
	snprintf(upper, sizeof(upper), "%s/upper-%d", unit_scratch(), named);
	snprintf(merged, sizeof(merged), "%s/merged-%d", unit_scratch(), named);
	mkdir(lower, 0700), mkdir(upper, 0755), mkdir(merged, 0700);
	unit_write(at(lower, "gone"), "x"), unit_write(at(lower, "kept"), "lower");
	mkdir(at(lower, "away"), 0755), unit_write(at(lower, "away/x"), "x");
	mkdir(at(lower, "anew"), 0755), unit_write(at(lower, "anew/old"), "x");
	mkdir(at(lower, "both"), 0755), unit_write(at(lower, "both/a"), "a");
	unit_write(at(lower, "both/b"), "lower");
	mkdir(at(upper, "anew"), 0700), unit_write(at(upper, "anew/new"), "new");
	mkdir(at(upper, "both"), 0750), unit_write(at(upper, "both/b"), "upper");
	unit_write(at(upper, "one"), "1");
	CHECK(link(at(upper, "one"), at(upper, "both/other")) == 0);
	if (named) {
		unit_write(at(upper, ".wh.gone"), ""), unit_write(at(upper, ".wh.away"), "");
		unit_write(at(upper, "anew/.wh..wh..opq"), "");
	} else {
		CHECK(mknod(at(upper, "gone"), S_IFCHR, 0) == 0);
		CHECK(mknod(at(upper, "away"), S_IFCHR, 0) == 0);
		CHECK(setxattr(at(upper, "anew"), "user.overlay.opaque", "y", 1, 0) == 0);
	}
	target = open(merged, O_RDONLY | O_DIRECTORY);
	CHECK(tree_shift(layers, target, &shift, NULL, &failure) == 0);
	close(target);
	CHECK(lstat(at(merged, "gone"), &a) < 0 && lstat(at(merged, "away"), &a) < 0);
	CHECK(lstat(at(merged, ".wh.gone"), &a) < 0 && lstat(at(merged, "anew/old"), &a) < 0);
	CHECK(lstat(at(merged, "anew/.wh..wh..opq"), &a) < 0);
	CHECK_TEXT("new", unit_read(at(merged, "anew/new")));
	CHECK_TEXT("lower", unit_read(at(merged, "kept")));
	CHECK_TEXT("a", unit_read(at(merged, "both/a")));
	CHECK_TEXT("upper", unit_read(at(merged, "both/b")));
	CHECK(stat(at(merged, "one"), &a) == 0 && stat(at(merged, "both/other"), &b) == 0);
	CHECK(a.st_ino == b.st_ino && a.st_nlink == 2);
	CHECK(stat(at(merged, "both"), &a) == 0 && (a.st_mode & 0777) == 0750);
	CHECK(stat(merged, &a) == 0 && (a.st_mode & 0777) == 0755);
}

static void merges_layers_with_marks_of_either_kind(void)
{
	merge(false);
	merge(true);
}

static void keeps_holes(void)
{
	struct stat status;
	char end[4];
	int source, target;

	mkdir(at(unit_scratch(), "holes"), 0700), mkdir(at(unit_scratch(), "copied"), 0700);
	unit_write(at(unit_scratch(), "holes/file"), "begin");
	source = open(at(unit_scratch(), "holes/file"), O_WRONLY);
	CHECK(pwrite(source, "end", 3, 64 << 20) == 3 && ftruncate(source, 128 << 20) == 0);
	close(source);
	source = open(at(unit_scratch(), "holes"), O_RDONLY | O_DIRECTORY);
	target = open(at(unit_scratch(), "copied"), O_RDONLY | O_DIRECTORY);
	CHECK(tree_copy(source, target, false, &failure) == 0);
	close(source), close(target);
	CHECK(stat(at(unit_scratch(), "copied/file"), &status) == 0);
	CHECK(status.st_size == 128 << 20 && status.st_blocks < 4096);
	target = open(at(unit_scratch(), "copied/file"), O_RDONLY);
	CHECK(pread(target, end, 4, 64 << 20) == 4 && strcmp(end, "end") == 0);
	close(target);
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
	RUN(merges_layers_with_marks_of_either_kind);
	RUN(keeps_holes);
	RUN(removes_deep_trees);
	RUN(removes_links_not_what_they_name);
	return unit_end("trees");
}
