/* The log: records of both formats, pieces, characters cut by a chunk, rotation, a full disk. */
#include "log.h"
#include "named-file.h"

#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <signal.h>

#include "unit.h"

static struct log record;
static char path[128];

static void open_log(const char *format, const char *size, const char *files)
{
	char name[160];

	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), i == 0 ? "%s" : "%s.%d", path, i);
		unlink(name);
	}
	CHECK(log_open(&record, format, path, size, files) == 0);
}

static void say(unsigned stream, const char *text)
{
	log_write(&record, stream, text, strlen(text));
}

/* The log without its times: what stands from the stream's name on. */
static const char *k8s_lines(const char *file)
{
	static char lines[1 << 16];
	size_t used = 0;

	lines[0] = '\0';
	for (const char *at = unit_read(file); *at != '\0'; at += strcspn(at, "\n") + 1) {
		const char *word = at + strcspn(at, " \n");
		int length = (int)strcspn(word, "\n");

		/* 2026-01-02T03:04:05.000000006+01:00 */
		if (!CHECK(word - at == 35 && at[10] == 'T' && at[19] == '.'))
			break;
		used += (size_t)snprintf(lines + used, sizeof(lines) - used, "%.*s\n", length,
					 word);
	}
	return lines;
}

static void writes_lines_and_pieces(void)
{
	open_log("k8s-file", "0", "1");
	say(0, "one\ntwo\npart");
	say(1, "error\n");
	say(0, "ial\n\n");
	log_finish(&record);
	CHECK_TEXT(" stdout F one\n stdout F two\n stdout P part\n stderr F error\n"
		   " stdout F ial\n stdout F \n", k8s_lines(path));
}

static void cuts_long_lines(void)
{
	char *line = malloc(3 * LOG_PIECE_MAX);
	size_t records = 0;

	memset(line, 'x', 3 * LOG_PIECE_MAX);
	open_log("k8s-file", "0", "1");
	log_write(&record, 0, line, 2 * LOG_PIECE_MAX + 1);
	log_finish(&record);
	for (const char *at = unit_read(path); *at != '\0'; at += strcspn(at, "\n") + 1)
		records++;
	CHECK(records == 3);
	free(line);
}

static const char *json_text(void)
{
	static char text[1 << 16];
	size_t used = 0;

	text[0] = '\0';
	for (const char *at = unit_read(path); *at != '\0'; at += strcspn(at, "\n") + 1) {
		const char *end = strstr(at, "\",\"stream\"");

		if (!CHECK(strncmp(at, "{\"log\":\"", 8) == 0 && end != NULL))
			break;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s|",
					 (int)(end - at - 8), at + 8);
	}
	return text;
}

static void escapes_json(void)
{
	open_log("json-file", "0", "1");
	say(0, "a\"b\\c\t\x01<&>\r\n");
	say(0, "\xff\xc3\x28\xed\xa0\x80 \xe2\x80\xa8\xe2\x82\xac\n");
	log_finish(&record);
	CHECK_TEXT("a\\\"b\\\\c\\u0009\\u0001\\u003c\\u0026\\u003e\\r\\n|"
		   "\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd \\u2028\xe2\x82\xac\\n|", json_text());
}

static void joins_characters_that_chunks_cut(void)
{
	open_log("json-file", "0", "1");
	say(0, "x\xf0\x9f");
	say(1, "other\n");
	say(0, "\x98\x80\n");
	say(0, "\xe2");
	log_finish(&record);
	CHECK_TEXT("x|other\\n|\xf0\x9f\x98\x80|\\n|\\ufffd|", json_text());
}

static void rotates_between_records(void)
{
	char old[160], oldest[160];

	snprintf(old, sizeof(old), "%s.1", path);
	snprintf(oldest, sizeof(oldest), "%s.2", path);
	open_log("k8s-file", "120", "2");
	for (int i = 0; i < 9; i++) {
		char line[] = "0 line\n";

		line[0] = (char)('0' + i);
		say(0, line);
	}
	log_finish(&record);
	CHECK_TEXT(" stdout F 8 line\n", k8s_lines(path));
	CHECK_TEXT(" stdout F 6 line\n stdout F 7 line\n", k8s_lines(old));
	CHECK(access(oldest, F_OK) < 0);
	open_log("k8s-file", "120", "1");
	say(0, "first\nsecond\nthird\n");
	log_finish(&record);
	CHECK_TEXT(" stdout F third\n", k8s_lines(path));
	CHECK(access(old, F_OK) < 0);
}

/* What was cut off is taken back, so that the next record begins a line. */
static void goes_on_after_a_full_disk(void)
{
	struct rlimit limit = {200, RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	open_log("k8s-file", "0", "1");
	say(0, "first\n");
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	/* Of records that are written at once the whole ones stay. */
	say(0, "a line of some length\na line of some length\na line of some length\n");
	say(0, "a line of some length\n");
	CHECK(record.error != 0);
	limit.rlim_cur = RLIM_INFINITY;
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	say(0, "last\n");
	log_finish(&record);
	CHECK_TEXT(" stdout F first\n stdout F a line of some length\n"
		   " stdout F a line of some length\n stdout F last\n", k8s_lines(path));
}

static void refuses_odd_settings(void)
{
	CHECK(log_open(&record, "nothing", path, "0", "1") < 0);
	CHECK(log_open(&record, "k8s-file", "relative", "0", "1") < 0);
	CHECK(log_open(&record, "k8s-file", path, "-1", "1") < 0);
	CHECK(log_open(&record, "k8s-file", path, "0", "1001") < 0);
	unlink(path);
	CHECK(symlink("/tmp/elsewhere", path) == 0);
	CHECK(log_open(&record, "k8s-file", path, "0", "1") < 0);
	CHECK(log_open(&record, "none", path, "x", "x") == 0 && record.fd < 0);
	say(0, "nothing happens\n");
}

/* What another user has put into a shared folder; only root can play both here. */
static void writes_to_nothing_of_others(void)
{
	char pipe_path[160];

	unlink(path);
	snprintf(pipe_path, sizeof(pipe_path), "%s-pipe", path);
	unit_write(path, "bob's\n");
	CHECK(mkfifo(pipe_path, 0666) == 0 && chmod(unit_scratch(), 01777) == 0);
	if (geteuid() == 0) {
		CHECK(chown(path, 1000, 1000) == 0 && chown(pipe_path, 1000, 1000) == 0);
		CHECK(open_named(path, O_TRUNC, 0600) < 0 && errno == EACCES);
		CHECK(open_named(path, O_APPEND | O_NOFOLLOW, 0600) < 0 && errno == EACCES);
		CHECK(open_named(pipe_path, O_TRUNC, 0600) < 0 && errno == EACCES);
		CHECK(log_open(&record, "k8s-file", path, "0", "1") < 0);
	}
	CHECK_TEXT("bob's\n", unit_read(path));
	CHECK(chmod(unit_scratch(), 0700) == 0);
	CHECK(open_named(pipe_path, O_TRUNC, 0600) < 0 && errno == ENXIO);
	CHECK(close(open_named(path, O_TRUNC, 0600)) == 0);
	CHECK_TEXT("", unit_read(path));
}

int main(void)
{
	snprintf(path, sizeof(path), "%s/log", unit_scratch());
	RUN(writes_lines_and_pieces);
	RUN(cuts_long_lines);
	RUN(escapes_json);
	RUN(joins_characters_that_chunks_cut);
	RUN(rotates_between_records);
	RUN(goes_on_after_a_full_disk);
	RUN(refuses_odd_settings);
	RUN(writes_to_nothing_of_others);
	return unit_end("logs");
}
