/* Which kept plan an exec takes: that of these flags, written by this user, whole. */
#include "kept-exec.h"

#include "unit.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct kept kept;
static char run_dir[256], text[256];
static size_t text_size;
static int container;

static char *path_in(const char *folder, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void make_folders(const char *below)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/", unit_scratch(), below);
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static void write_file(const char *name, const char *content, size_t size, mode_t mode)
{
	int fd = open(path_in(run_dir, name), O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (write(fd, content, size) != (ssize_t)size)
		perror("write"), exit(2);
	fchmod(fd, mode);
	close(fd);
}

/* What exec writes, with the pid namespace that INODE says. */
static void compose(unsigned long inode)
{
	text_size = 1 + (size_t)snprintf(text, sizeof(text),
		"berth-exec 1%c%lu%c2%c--sig-proxy%c1%cberth-plan 1%ccwd 2%c/%c0%cend 0",
		0, inode, 0, 0, 0, 0, 0, 0, 0, 0);
}

static unsigned long own_namespace(void)
{
	struct stat status = { 0 };

	stat("/proc/self/ns/pid", &status);
	return status.st_ino;
}

static void set_up(void)
{
	char folder[256];

	make_folders("run/berth/containers/" ID);
	make_folders("data/berth/v1/containers/names");
	snprintf(run_dir, sizeof(run_dir), "%s/run/berth/containers/" ID, unit_scratch());
	snprintf(folder, sizeof(folder), "%s/data/berth/v1/containers/names", unit_scratch());
	if (symlink(ID, path_in(folder, "box")) < 0)
		perror("symlink"), exit(2);
	snprintf(folder, sizeof(folder), "%s/data/berth/v1/containers/" ID, unit_scratch());
	if (symlink(folder, path_in(run_dir, "store")) < 0)
		perror("symlink"), exit(2);
	setenv("XDG_RUNTIME_DIR", path_in(unit_scratch(), "run"), 1);
	setenv("XDG_DATA_HOME", path_in(unit_scratch(), "data"), 1);
	compose(own_namespace());
}

static bool finds(char *first, char *second, char *third, char *fourth)
{
	char *words[] = { first, second, third, fourth, NULL };

	memset(&kept, 0, sizeof(kept));
	return kept_exec_find(&kept, words, &container);
}

static void finds_what_was_kept(void)
{
	write_file("exec.", text, text_size, 0600);
	CHECK(finds("box", "true", NULL, NULL) && container == 0);
	CHECK_TEXT(run_dir, kept.run_dir);
	CHECK(kept.option_count == 3 && strcmp(kept.options[2], "1") == 0);
	CHECK(kept.plan_size == sizeof("berth-plan 1\0cwd 2\0/\0") + 1);
	CHECK_TEXT("berth-plan 1", kept.plan);
	CHECK(finds(ID, "true", NULL, NULL) && container == 0);
	CHECK(!finds("other", "true", NULL, NULL) && !finds("../box", "true", NULL, NULL));
	CHECK(!finds("0123456789ab", "true", NULL, NULL) && !finds("", "box", NULL, NULL));
}

static void compares_flags_by_letter(void)
{
	CHECK(!finds("-i", "box", "true", NULL));
	write_file("exec.2d7500626f7800", text, text_size, 0600);	/* -u box */
	CHECK(finds("-u", "box", "box", "id") && container == 2);
	CHECK(!finds("-u", "bo", "box", "id") && !finds("-ubox", "box", "id", NULL));
	CHECK(!finds("-u", "box", "--", "box"));
}

static void refuses_what_is_not_whole(void)
{
	for (size_t size = 0; size < text_size; size++) {
		write_file("exec.", text, size, 0600);
		CHECK(!finds("box", "true", NULL, NULL));
	}
	write_file("exec.", "berth-exec 2", 13, 0600);
	CHECK(!finds("box", "true", NULL, NULL));
	compose(own_namespace() + 1);
	write_file("exec.", text, text_size, 0600);
	CHECK(!finds("box", "true", NULL, NULL));
	compose(own_namespace());
}

static void refuses_what_others_could_write(void)
{
	write_file("exec.", text, text_size, 0620);
	CHECK(!finds("box", "true", NULL, NULL));
	write_file("target", text, text_size, 0600);
	unlink(path_in(run_dir, "exec."));
	CHECK(symlink("target", path_in(run_dir, "exec.")) == 0);
	CHECK(!finds("box", "true", NULL, NULL));
	unlink(path_in(run_dir, "exec."));
	write_file("exec.", text, text_size, 0600);
	chmod(path_in(unit_scratch(), "run"), 0750);
	CHECK(!finds("box", "true", NULL, NULL));
	chmod(path_in(unit_scratch(), "run"), 0700);
	CHECK(finds("box", "true", NULL, NULL));
}

static void leaves_other_stores_alone(void)
{
	setenv("XDG_DATA_HOME", "/other", 1);
	CHECK(!finds(ID, "true", NULL, NULL));
	setenv("XDG_DATA_HOME", path_in(unit_scratch(), "data"), 1);
	CHECK(finds(ID, "true", NULL, NULL));
}

static void leaves_paused_ones_alone(void)
{
	write_file("paused", "", 0, 0600);
	CHECK(!finds("box", "true", NULL, NULL));
}

int main(void)
{
	set_up();
	RUN(finds_what_was_kept);
	RUN(compares_flags_by_letter);
	RUN(refuses_what_is_not_whole);
	RUN(refuses_what_others_could_write);
	RUN(leaves_other_stores_alone);
	RUN(leaves_paused_ones_alone);
	return unit_end("kept plans of exec");
}
