/* Which kept run is taken, whether its facts hold, and what a container is made of it. */
#include <limits.h>
#include <time.h>

#include "new-container.h"

#include "unit.h"

/* FNV-1a of "--rm\0img\0". */
#define NAME "0a0b3ce3.2.1"

static struct kept_run run;
static struct new_container container;
static char text[65536];
static size_t text_size;

static const char *path_in(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", unit_scratch(), name);
	return path;
}

static void add(const char *string)
{
	size_t size = strlen(string) + 1;

	memcpy(text + text_size, string, size);
	text_size += size;
}

static void add_path(const char *name)
{
	add(path_in(name));
}

static void add_list(const char *count, const char *first, const char *second)
{
	add(count);
	if (first != NULL)
		add(first);
	if (second != NULL)
		add(second);
}

static void add_file(const char *name, const char *mode, const char *content)
{
	char size[24];

	snprintf(size, sizeof(size), "%zu", strlen(content));
	add(name);
	add(mode);
	add(size);
	add(content);
}

/* As packages/isolation/src/kept-run.ts writes it; NAME empty: a random one. */
static void compose(const char *name)
{
	text_size = 0;
	add("berth-run 1");
	add_list("2", "--rm", "img");
	add("0");
	add_path("store/staging");
	add_path("store/containers");
	add_path("store/trash");
	add("host,boot,1");
	add(name);
	add_list(name[0] == '\0' ? "1" : "0", name[0] == '\0' ? "calm" : NULL, NULL);
	add_list(name[0] == '\0' ? "1" : "0", name[0] == '\0' ? "drake" : NULL, NULL);
	add("localhost/img:latest");
	add_list("1", "/entry", NULL);
	add("1");
	add_path("store/layers/one");
	add_list("2", "--print", "\x01I");
	add("3");
	add_file("config.json", "600",
		 "{\"id\":\"\x01I\",\"name\":\"\x01N\",\"command\":[\x01" "C]}");
	add_file("hostname", "644", "\x01S \x01X \x01O \x01T\n");
	add_file("summary", "600", "\x01H");
}

static void write_kept(const char *name, size_t size, mode_t mode)
{
	int fd;

	unlink(path_in(name));
	fd = open(path_in(name), O_WRONLY | O_CREAT | O_TRUNC, mode);
	if (write(fd, text, size) != (ssize_t)size)
		perror("write"), exit(2);
	close(fd);
}

static void set_up(void)
{
	static const char *const folders[] = {
		"run", "run/berth", "run/berth/kept-runs", "store", "store/staging",
		"store/containers", "store/containers/names", "store/trash", "store/layers",
		"store/layers/one",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		mkdir(path_in(folders[i]), 0700);
	setenv("XDG_RUNTIME_DIR", path_in("run"), 1);
	compose("");
}

static bool finds(char *first, char *second, char *third, char *fourth)
{
	static char *words[5];

	words[0] = first, words[1] = second, words[2] = third, words[3] = fourth;
	memset(&run, 0, sizeof(run));
	return kept_run_find(&run, words);
}

static void finds_what_was_kept(void)
{
	write_kept("run/berth/kept-runs/" NAME, text_size, 0600);
	CHECK(finds("--rm", "img", "sh", "-c"));
	CHECK(run.command.count == 2 && strcmp(run.command.strings[1], "-c") == 0);
	CHECK(run.file_count == 3 && run.files[1].mode == 0644 && run.files[2].size == 2);
	CHECK_TEXT("/entry", run.entrypoint.strings[0]);
	CHECK(!finds("--rm", "img", NULL, NULL) && !finds("img", "sh", NULL, NULL));
	CHECK(!finds("--rm", "other", "sh", NULL) && !finds("--rm=", "img", "sh", NULL));
	CHECK(!finds("--rm", "img", "\xc3\xbc", NULL) && !finds("--rm", "img", "\x01I", NULL));
	CHECK(finds("--rm", "img", "a\n\t\"\\", NULL) && finds("--rm", "img", "", NULL));
}

static void compares_the_words_themselves(void)
{
	text[strlen("berth-run 1") + 1 + 2 + 2] = '+';
	write_kept("run/berth/kept-runs/" NAME, text_size, 0600);
	CHECK(!finds("--rm", "img", "sh", NULL));
	compose("");
}

static void refuses_what_is_not_whole(void)
{
	for (size_t size = 0; size < text_size; size++) {
		write_kept("run/berth/kept-runs/" NAME, size, 0600);
		CHECK(!finds("--rm", "img", "sh", NULL));
	}
	add("more");
	write_kept("run/berth/kept-runs/" NAME, text_size, 0600);
	CHECK(!finds("--rm", "img", "sh", NULL));
	compose("");
	write_kept("run/berth/kept-runs/" NAME, text_size, 0640);
	CHECK(!finds("--rm", "img", "sh", NULL));
	unlink(path_in("run/berth/kept-runs/" NAME));
	write_kept("run/berth/kept-runs/target", text_size, 0600);
	CHECK(symlink("target", path_in("run/berth/kept-runs/" NAME)) == 0);
	CHECK(!finds("--rm", "img", "sh", NULL));
	write_kept("run/berth/kept-runs/" NAME, text_size, 0600);
	CHECK(finds("--rm", "img", "sh", NULL));
}

static bool holds(const char *kind, const char *object, const char *value)
{
	char *strings[] = { (char *)kind, (char *)object, (char *)value };
	struct string_list facts = { strings, 3 };

	return kept_facts_hold(&facts);
}

static void file_facts(void)
{
	struct stat status;
	char value[80];

	stat(path_in("run"), &status);
	snprintf(value, sizeof(value), "%llu %lld %lld", (unsigned long long)status.st_ino,
		 (long long)status.st_size,
		 (long long)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec);
	CHECK(holds("file", path_in("run"), value) && !holds("file", path_in("store"), value));
	CHECK(holds("file", path_in("none"), "-") && !holds("file", path_in("run"), "-"));
	usleep(20000);
	chmod(path_in("run"), 0700);
	CHECK(!holds("file", path_in("run"), value));
	CHECK(holds("kind", path_in("run"), "4") && !holds("kind", path_in("run"), "8"));
	CHECK(holds("kind", path_in("none"), "-") && !holds("kind", path_in("run"), "-"));
	snprintf(value, sizeof(value), "%llu", (unsigned long long)status.st_ino);
	CHECK(holds("inode", path_in("run"), value) && !holds("inode", path_in("store"), value));
	CHECK(!holds("inode", path_in("none"), "-"));
}

static void text_facts(void)
{
	int fd = open(path_in("text"), O_WRONLY | O_CREAT, 0600);

	CHECK(write(fd, "two\nlines", 9) == 9 && close(fd) == 0);
	CHECK(holds("text", path_in("text"), "two\nlines"));
	CHECK(!holds("text", path_in("text"), "two\nline"));
	CHECK(!holds("text", path_in("text"), "two\nlines\n"));
	CHECK(holds("text", path_in("none"), "") && !holds("text", path_in("none"), "a"));
}

static void facts_of_the_caller(void)
{
	char gid[24];

	snprintf(gid, sizeof(gid), "%u", getgid());
	setenv("BERTH_TEST_FACT", "a", 1);
	CHECK(holds("env", "BERTH_TEST_FACT", "a") && !holds("env", "BERTH_TEST_FACT", "ab"));
	CHECK(!holds("no-env", "BERTH_TEST_FACT", "") && holds("no-env", "BERTH_TEST_NONE", ""));
	CHECK(!holds("env", "BERTH_TEST_NONE", ""));
	CHECK(holds("gid", "", gid) && !holds("gid", "", "4000000"));
	CHECK(holds("address", "", "127.0.0.1") && !holds("address", "", "203.0.113.7"));
	CHECK(!holds("address", "", "no address") && !holds("unknown", "", ""));
}

/* How many entries a folder of the store has. */
static int count_in(const char *folder)
{
	struct stat status;

	stat(path_in(folder), &status);
	return (int)status.st_nlink - 2;
}

static void makes_a_container(void)
{
	char folder[PATH_MAX], expected[512], target[ID_LENGTH + 1] = "";
	struct stat status;

	CHECK(finds("--rm", "img", "say", "a \"b\"\\\n"));
	memset(&container, 0, sizeof(container));
	CHECK(container_make(&container, &run));
	CHECK_TEXT("calm_drake", container.name);
	CHECK(strlen(container.id) == 64 && count_in("store/staging") == 0);
	CHECK(readlink(path_in("store/containers/names/calm_drake"), target, ID_LENGTH) == 64);
	CHECK_TEXT(container.id, target);
	snprintf(folder, sizeof(folder), "store/containers/%s/config.json", container.id);
	snprintf(expected, sizeof(expected), "{\"id\":\"%s\",\"name\":\"calm_drake\",\"command\":"
		 "[\"say\",\"a \\\"b\\\"\\\\\\n\"]}", container.id);
	CHECK_TEXT(expected, unit_read(path_in(folder)));
	snprintf(folder, sizeof(folder), "store/containers/%s/summary", container.id);
	snprintf(expected, sizeof(expected),
		 "created %s\nimage localhost/img:latest\ncommand /entry say a \"b\"\\?\n",
		 container.created);
	CHECK_TEXT(expected, unit_read(path_in(folder)));
	snprintf(folder, sizeof(folder), "store/containers/%s/hostname", container.id);
	CHECK(stat(path_in(folder), &status) == 0 && (status.st_mode & 07777) == 0644);
	CHECK(strncmp(unit_read(path_in(folder)), container.id, 12) == 0);
	snprintf(folder, sizeof(folder), "store/containers/%s/upper", container.id);
	CHECK(stat(path_in(folder), &status) == 0 && (status.st_mode & 07777) == 0755);
}

static void cuts_the_summary(void)
{
	struct filled out = { .text = text, .room = sizeof(text) - 1 };
	const char *line;

	CHECK(finds("--rm", "img", "0123456789012345678901234567890123456789", NULL));
	container = (struct new_container){ .run = &run, .created = "1700000000000" };
	run.image = "localhost/a-name-that-is-longer-than-what-a-summary-has-room-for/and/longer:1";
	CHECK(fill_holes(&out, "\x01H", 2, &container));
	text[out.size] = '\0';
	CHECK(out.size <= 128);
	line = strstr(text, "command ");
	CHECK_TEXT("command /entry 0123456789012345678901…\n", line);
	CHECK(strstr(text, "…\ncommand") != NULL);
	compose("");
}

static void refuses_unknown_holes_and_small_rooms(void)
{
	char room[8];
	struct filled out = { .text = room, .room = sizeof(room) };

	CHECK(!fill_holes(&out, "\x01Z", 2, &container));
	CHECK(!fill_holes(&out, "\x01", 1, &container));
	CHECK(!fill_holes(&out, "123456789", 9, &container));
}

/* Nothing is left of a container that can't be made. */
static void takes_all_back(void)
{
	char taken[PATH_MAX];
	int before = count_in("store/containers");

	compose("fixed");
	write_kept("run/berth/kept-runs/" NAME, text_size, 0600);
	CHECK(finds("--rm", "img", "true", NULL));
	snprintf(taken, sizeof(taken), "%s", path_in("store/containers/names/fixed"));
	CHECK(symlink("other", taken) == 0);
	memset(&container, 0, sizeof(container));
	CHECK(!container_make(&container, &run));
	CHECK(count_in("store/containers") == before && count_in("store/staging") == 0);
	CHECK(unlink(taken) == 0);
	CHECK(rmdir(path_in("store/layers/one")) == 0);
	memset(&container, 0, sizeof(container));
	CHECK(!container_make(&container, &run));
	CHECK(count_in("store/containers") == before && access(taken, F_OK) < 0);
	CHECK(count_in("store/trash") == 1);
	CHECK(mkdir(path_in("store/layers/one"), 0700) == 0);
	memset(&container, 0, sizeof(container));
	CHECK(container_make(&container, &run));
}

int main(void)
{
	set_up();
	RUN(finds_what_was_kept);
	RUN(compares_the_words_themselves);
	RUN(refuses_what_is_not_whole);
	RUN(file_facts);
	RUN(text_facts);
	RUN(facts_of_the_caller);
	RUN(makes_a_container);
	RUN(cuts_the_summary);
	RUN(refuses_unknown_holes_and_small_rooms);
	RUN(takes_all_back);
	return unit_end("kept runs");
}
