/* The plan reader, on plans made by hand and on those that packages/isolation writes. */
#include "plan.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>

#include "unit.h"

#define PLAN(...) parse(__VA_ARGS__ "", sizeof(__VA_ARGS__ ""))

static struct plan plan;
static struct failure failure;

/* The text's own last NUL ends the last string. */
static bool parse(const char *text, size_t size)
{
	plan_free(&plan);
	memset(&failure, 0, sizeof(failure));
	return plan_parse(text, size, &plan, &failure) == 0;
}

static void reads_records(void)
{
	const struct plan_record *record = NULL;

	CHECK(PLAN("berth-plan 1\0id 1\0abc\0env 0\0args 3\0sh\0\0-c\0env 1\0A=B\0init 1\0"
		   "1\0end 0"));
	CHECK(plan.record_count == 5);
	CHECK_TEXT("abc", plan_value(&plan, OP_ID, 0));
	CHECK(plan_value(&plan, OP_ID, 1) == NULL && plan_value(&plan, OP_CWD, 0) == NULL);
	record = plan_find(&plan, OP_ARGS);
	CHECK(record->count == 3 && record->args[1][0] == '\0' && record->args[3] == NULL);
	record = plan_next(&plan, OP_ENV, NULL);
	CHECK(record != NULL && record->count == 0 && record->args[0] == NULL);
	record = plan_next(&plan, OP_ENV, record);
	CHECK(record != NULL && record->count == 1);
	CHECK(plan_next(&plan, OP_ENV, record) == NULL);
	CHECK(plan_flag(&plan, OP_INIT) && !plan_flag(&plan, OP_DETACH));
}

static void refuses_what_is_no_plan(void)
{
	CHECK(!parse("", 0));
	CHECK(!PLAN(""));
	CHECK(!PLAN("berth-plan 2\0end 0"));
	CHECK(!PLAN("berth-plan 1"));
	CHECK(!PLAN("berth-plan 1\0end 0\0"));
	CHECK(!PLAN("berth-plan 1\0end 0\0end 0"));
	CHECK(!parse("berth-plan 1\0end 0", 18));	/* without the last NUL */
	CHECK(!PLAN("berth-plan 1\0nothing 0\0end 0"));
	CHECK(!PLAN("berth-plan 1\0id\0end 0"));
	CHECK(!PLAN("berth-plan 1\0id 0\0end 0"));
	CHECK(!PLAN("berth-plan 1\0id 2\0a\0b\0end 0"));
	CHECK(!PLAN("berth-plan 1\0id +1\0a\0end 0"));
	CHECK(!PLAN("berth-plan 1\0id 01x\0a\0end 0"));
	CHECK(!PLAN("berth-plan 1\0args 5\0a\0end 0"));
	CHECK(!PLAN("berth-plan 1\0args 18446744073709551617\0a\0end 0"));
	CHECK(PLAN("berth-plan 1\0end 0"));
}

static void keeps_within_its_bounds(void)
{
	size_t size = (size_t)PLAN_MAX_STRINGS * 2 + 64;
	char *text = calloc(1, size);
	int length = sprintf(text, "berth-plan 1%cargs %d", 0, PLAN_MAX_STRINGS - 3);

	/* As many empty arguments as there can be strings, and one more. */
	length += 1 + PLAN_MAX_STRINGS - 3;
	strcpy(text + length, "end 0");
	CHECK(parse(text, (size_t)length + 6));
	memset(text, 0, size);
	length = sprintf(text, "berth-plan 1%cargs %d", 0, PLAN_MAX_STRINGS - 2);
	length += 1 + PLAN_MAX_STRINGS - 2;
	strcpy(text + length, "end 0");
	CHECK(!parse(text, (size_t)length + 6));
	CHECK_TEXT("more than 65536 strings", failure.reason);
	free(text);
	text = calloc(1, PLAN_MAX_BYTES + 1);
	CHECK(!parse(text, PLAN_MAX_BYTES + 1));
	CHECK_TEXT("more than 8 MiB", failure.reason);
	free(text);
}

static void reads_numbers(void)
{
	uint64_t number = 7;
	int64_t negative = 7;

	CHECK(parse_number("0", 0, &number) && number == 0);
	CHECK(parse_number("007", 10, &number) && number == 7);
	CHECK(parse_number("18446744073709551615", UINT64_MAX, &number) && number == UINT64_MAX);
	CHECK(!parse_number("18446744073709551616", UINT64_MAX, &number));
	CHECK(!parse_number("11", 10, &number) && number == UINT64_MAX);
	CHECK(!parse_number("", 10, &number) && !parse_number("+1", 10, &number));
	CHECK(!parse_number(" 1", 10, &number) && !parse_number("1 ", 10, &number));
	CHECK(!parse_number("0x1", 99, &number) && !parse_number("-1", UINT64_MAX, &number));
	CHECK(parse_signed("-1000", -1000, 1000, &negative) && negative == -1000);
	CHECK(!parse_signed("-1001", -1000, 1000, &negative));
	CHECK(!parse_signed("--1", -9, 9, &negative) && !parse_signed("-", -9, 9, &negative));
	CHECK(!parse_signed("-9223372036854775808", INT64_MIN, INT64_MAX, &negative));
}

static void reads_hexadecimal(void)
{
	unsigned char out[2];

	CHECK(parse_hex("", out, 2) == 0);
	CHECK(parse_hex("0aff", out, 2) == 2 && out[0] == 10 && out[1] == 255);
	CHECK(parse_hex("0aff00", out, 2) == -1);
	CHECK(parse_hex("0", out, 2) == -1 && parse_hex("0A", out, 2) == -1);
	CHECK(parse_hex("g0", out, 2) == -1);
}

static void reads_from_descriptors(void)
{
	static const char text[] = "berth-plan 1\0id 1\0x\0end 0";
	int ends[2];

	plan_free(&plan);
	CHECK(pipe(ends) == 0 && write(ends[1], text, sizeof(text)) == sizeof(text));
	close(ends[1]);
	CHECK(plan_read(ends[0], &plan, &failure) == 0 && plan.record_count == 1);
	close(ends[0]);
	plan_free(&plan);
	CHECK(plan_read(-1, &plan, &failure) < 0 && failure.error == EBADF && plan.text == NULL);
}

/* Written again from what was read, a plan is the same bytes. */
static size_t write_again(char *out)
{
	size_t at = (size_t)sprintf(out, "berth-plan 1") + 1;

	for (size_t i = 0; i < plan.record_count; i++) {
		const struct plan_record *record = &plan.records[i];

		at += (size_t)sprintf(out + at, "%s %zu", plan_op_name(record->op),
				      record->count) + 1;
		for (size_t arg = 0; arg < record->count; arg++)
			at += (size_t)sprintf(out + at, "%s", record->args[arg]) + 1;
	}
	return at + (size_t)sprintf(out + at, "end 0") + 1;
}

static void check_fixture(const char *path)
{
	static char text[1 << 16], again[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t size = read(fd, text, sizeof(text));

	close(fd);
	if (!CHECK(size > 0 && parse(text, (size_t)size)))
		return;
	CHECK(write_again(again) == (size_t)size && memcmp(text, again, (size_t)size) == 0);
	/* Cut anywhere, it is refused. */
	for (ssize_t cut = 0; cut < size; cut++)
		if (!CHECK(!parse(text, (size_t)cut)))
			break;
}

static void reads_what_the_other_half_writes(const char *folder)
{
	char path[PATH_MAX];
	DIR *plans = opendir(folder);
	struct dirent *entry;
	int count = 0;

	if (!CHECK(plans != NULL))
		return;
	while ((entry = readdir(plans)) != NULL) {
		if (strstr(entry->d_name, ".plan") == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		check_fixture(path);
		count++;
	}
	closedir(plans);
	CHECK(count >= 2);
}

int main(int argc, char **argv)
{
	RUN(reads_records);
	RUN(refuses_what_is_no_plan);
	RUN(keeps_within_its_bounds);
	RUN(reads_numbers);
	RUN(reads_hexadecimal);
	RUN(reads_from_descriptors);
	reads_what_the_other_half_writes(argc > 1 ? argv[1] : "test/plans");
	plan_free(&plan);
	return unit_end("launch plans");
}
