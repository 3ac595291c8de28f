/* Facts and exit records as other commands read them; numbers of runs; process start times. */
#include "facts.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>

#include "cgroup.h"
#include "exit.h"
#include "text-file.h"
#include "unit.h"
#include "userns.h"

static struct plan plan;
static struct failure failure;
static char state[128];

static const char *file(const char *format, ...)
{
	static char path[PATH_MAX];
	va_list args;
	int used = snprintf(path, sizeof(path), "%s/", state);

	va_start(args, format);
	vsnprintf(path + used, sizeof(path) - (size_t)used, format, args);
	va_end(args);
	return path;
}

static void load_plan(void)
{
	char text[1024];
	int length = snprintf(text, sizeof(text),
			      "berth-plan 1%cstate-dir 1%c%s%crun-dir 1%c/run/x%csummary 1%c"
			      "name x\n%cend 0",
			      0, 0, state, 0, 0, 0, 0, 0);

	CHECK(plan_parse(text, (size_t)length + 1, &plan, &failure) == 0);
}

static void numbers_runs(void)
{
	struct run run = {0};

	CHECK(facts_begin_run(&run, &plan, &failure) == 0 && run.number == 1);
	mkdir(file("runs/7"), 0700);
	mkdir(file("runs/x9"), 0700);
	mkdir(file("runs/99999999999"), 0700);
	run.number = 0;
	CHECK(facts_begin_run(&run, &plan, &failure) == 0 && run.number == 8);
	CHECK(access(file("runs/8"), F_OK) == 0);
	CHECK(run.supervisor == facts_own_pid() && run.supervisor_start != 0);
}

static void records_start_and_end(void)
{
	struct run run = {0};
	const char *facts;
	struct stat status;

	CHECK(facts_begin_run(&run, &plan, &failure) == 0);
	run.pid_namespace = "4026531836";
	run.init = 55;
	run.init_start = 66;
	run.started.tv_sec = 1000;
	run.started.tv_nsec = 5;
	CHECK(facts_publish_start(&run, &failure) == 0);
	facts = unit_read(file("runs/%lu/facts", run.number));
	CHECK(strstr(facts, "\nstate running\n") != NULL && strstr(facts, "\nboot ") != NULL);
	CHECK(strstr(facts, "\npidns 4026531836\n") != NULL && strstr(facts, "\ninit 55 66\n"));
	CHECK(strstr(facts, "\nstarted 1000.000000005\n") != NULL);
	CHECK(strstr(facts, "\nhostname ") != NULL && strstr(facts, "\nrun-dir /run/x\n"));
	CHECK(strncmp(unit_read(file("summary")), "name x\nrun ", 11) == 0);
	CHECK(stat(file("summary"), &status) == 0 && (status.st_mode & 0777) == 0600);
	run.finished.tv_sec = 2000;
	run.status = 137;
	run.signal = 9;
	run.oom = true;
	strcpy(run.error, "a\nb\x1b");
	CHECK(facts_publish_exit(&run, &failure) == 0);
	facts = unit_read(file("runs/%lu/exit", run.number));
	CHECK(strstr(facts, "\nexit 137\n") && strstr(facts, "\noom 1\nsignal 9\n"));
	CHECK(strstr(facts, "\nerror a?b?\n") != NULL);
	CHECK(strstr(unit_read(file("summary")), "\nstate exited\n") != NULL);
}

static void sums_up_no_last_run(void)
{
	struct run run = {0};

	CHECK(facts_begin_run(&run, &plan, &failure) == 0);
	run.is_last = true;
	CHECK(facts_publish_start(&run, &failure) == 0 && facts_publish_exit(&run, &failure) == 0);
	CHECK(access(file("runs/%lu/exit", run.number), F_OK) == 0);
	CHECK(strstr(unit_read(file("summary")), "\nstate running\n") != NULL);
}

static void leaves_nothing_half_written(void)
{
	CHECK(facts_write_file(file("none"), "x", "text", &failure) < 0);
	CHECK(facts_write_file(state, "whole", "old", &failure) == 0);
	CHECK(facts_write_file(state, "whole", "new", &failure) == 0);
	CHECK_TEXT("new", unit_read(file("whole")));
	CHECK(access(file(".whole.tmp"), F_OK) < 0);
	/* It can't be renamed over a folder. */
	mkdir(file("folder"), 0700);
	mkdir(file("folder/x"), 0700);
	CHECK(facts_write_file(state, "folder", "text", &failure) < 0);
	CHECK(access(file(".folder.tmp"), F_OK) < 0);
}

static void reads_start_times(void)
{
	int folder = open(state, O_PATH | O_DIRECTORY);

	CHECK(process_start_time(AT_FDCWD, "/proc/self/stat") != 0);
	CHECK(process_start_time(AT_FDCWD, "/proc/nothing") == 0);
	/* The name of a process may hold anything. */
	unit_write(file("stat"),
		   "7 (a) b) 1 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20");
	CHECK(process_start_time(folder, "stat") == 4711);
	CHECK(process_lives(folder, "stat", 4711));
	CHECK(!process_lives(folder, "stat", 4712));
	unit_write(file("stat"), "7 (a) S) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20");
	CHECK(process_start_time(folder, "stat") == 4711);
	CHECK(!process_lives(folder, "stat", 4711));
	unit_write(file("stat"), "7 (a) S 1 2");
	CHECK(process_start_time(folder, "stat") == 0);
	unit_write(file("stat"), "");
	CHECK(process_start_time(folder, "stat") == 0);
	close(folder);
}

static bool is_link_to(const char *path, const char *target)
{
	char found[64];
	ssize_t length = readlink(path, found, sizeof(found));

	return length == (ssize_t)strlen(target) && memcmp(found, target, (size_t)length) == 0;
}

/* A container of --rm ends, whose first name was `box`, in a store with the names of others. */
static void ends(const char *id)
{
	char text[2048], box[160], container[160], tree[160];
	struct plan steps;
	int length;

	snprintf(box, sizeof(box), "%s", file("names/box"));
	snprintf(container, sizeof(container), "%s", file("container"));
	snprintf(tree, sizeof(tree), "%s", file("tree"));
	mkdir(container, 0700);
	unit_write(file("container/file"), "");
	length = snprintf(text, sizeof(text),
			  "berth-plan 1%cexit-rename 2%c%s%c%s%cexit-release 2%c%s%c%s%c"
			  "exit-remove 1%c%s%cend 0",
			  0, 0, container, 0, tree, 0, 0, box, 0, id, 0, 0, tree, 0);
	CHECK(plan_parse(text, (size_t)length + 1, &steps, &failure) == 0);
	exit_run_steps(&steps);
	CHECK(access(container, F_OK) < 0 && access(file("tree/file"), F_OK) == 0);
	CHECK(access(file("tree/.name"), F_OK) < 0);
	exit_remove_trees(&steps);
	CHECK(access(tree, F_OK) < 0);
	plan_free(&steps);
}

static void carries_out_exit_steps(void)
{
	mkdir(file("names"), 0700);
	CHECK(symlink("a0", file("names/box")) == 0 && symlink("b1", file("names/other")) == 0);
	ends("a0");
	CHECK(!is_link_to(file("names/box"), "a0") && is_link_to(file("names/other"), "b1"));
	/* Renamed to `new`, and `box` taken by another. */
	CHECK(symlink("b2", file("names/box")) == 0 && symlink("a0", file("names/new")) == 0);
	ends("a0");
	CHECK(is_link_to(file("names/box"), "b2") && !is_link_to(file("names/new"), "a0"));
	CHECK(is_link_to(file("names/other"), "b1"));
}

/* The volume `v1` of a container of --rm ends with it, or stays because another one mounts it. */
static void ends_with_volume(bool stays)
{
	char text[2048], gone[160], tree[160], volume[160], to[160];
	struct plan steps;
	int length;

	snprintf(gone, sizeof(gone), "%s", file("containers/gone"));
	snprintf(tree, sizeof(tree), "%s", file("tree"));
	snprintf(volume, sizeof(volume), "%s", file("v1"));
	snprintf(to, sizeof(to), "%s", file("removed"));
	mkdir(gone, 0700);
	unit_write(file("containers/gone/config.json"), "[\"v1\"]");
	mkdir(volume, 0700);
	unit_write(file("v1/record.json"), "");
	length = snprintf(text, sizeof(text),
			  "berth-plan 1%cexit-rename 2%c%s%c%s%cexit-volume 2%c%s%c%s%c"
			  "exit-remove 1%c%s%cexit-remove 1%c%s%cend 0",
			  0, 0, gone, 0, tree, 0, 0, volume, 0, to, 0, 0, tree, 0, 0, to, 0);
	CHECK(plan_parse(text, (size_t)length + 1, &steps, &failure) == 0);
	exit_run_steps(&steps);
	CHECK((access(volume, F_OK) == 0) == stays && (access(to, F_OK) < 0) == stays);
	exit_remove_trees(&steps);
	CHECK(access(tree, F_OK) < 0 && access(to, F_OK) < 0);
	CHECK((access(file("v1/record.json"), F_OK) == 0) == stays);
	plan_free(&steps);
}

static void keeps_volumes_of_others(void)
{
	mkdir(file("containers"), 0700);
	mkdir(file("containers/other"), 0700);
	ends_with_volume(false);
	unit_write(file("containers/other/config.json"), "[\"v2\"]");
	ends_with_volume(false);
	unit_write(file("containers/other/config.json"), "[\"v1\"]");
	ends_with_volume(true);
	/* A record that nobody can read. */
	unit_write(file("containers/other/config.json"), "");
	ends_with_volume(true);
}

static void knows_its_cgroup(void)
{
	char path[PATH_MAX], small[4];

	if (cgroup_own(path, sizeof(path)) == 0)
		CHECK(strncmp(path, "/sys/fs/cgroup/", 15) == 0 && strchr(path, '\n') == NULL);
	CHECK(cgroup_own(small, sizeof(small)) < 0);
}

static void reads_texts(void)
{
	char text[6000], path[PATH_MAX], link[PATH_MAX];
	FILE *written;

	snprintf(path, sizeof(path), "%s", file("text"));
	snprintf(link, sizeof(link), "%s", file("link"));
	written = fopen(path, "w");
	CHECK(written != NULL && fprintf(written, "%05000d", 1) == 5000 && fclose(written) == 0);
	CHECK(symlink(path, link) == 0);
	CHECK(read_text(AT_FDCWD, path, text, sizeof(text)) == 5000 && text[4999] == '1');
	CHECK(read_text(AT_FDCWD, path, text, 10) == 9 && text[9] == '\0');
	CHECK(read_text(AT_FDCWD, link, text, sizeof(text)) < 0 && errno == ELOOP);
	CHECK(text[0] == '\0');
	CHECK(read_open_text(open(link, O_RDONLY), text, sizeof(text)) == 5000);
	CHECK(write_text(AT_FDCWD, link, "x") < 0 && errno == ELOOP);
	CHECK(write_text(AT_FDCWD, file("none"), "x") < 0 && errno == ENOENT);
}

int main(void)
{
	snprintf(state, sizeof(state), "%s/state", unit_scratch());
	mkdir(state, 0700);
	load_plan();
	RUN(numbers_runs);
	RUN(records_start_and_end);
	RUN(sums_up_no_last_run);
	RUN(leaves_nothing_half_written);
	RUN(reads_start_times);
	RUN(carries_out_exit_steps);
	RUN(keeps_volumes_of_others);
	RUN(knows_its_cgroup);
	RUN(reads_texts);
	plan_free(&plan);
	return unit_end("facts and exit steps");
}
