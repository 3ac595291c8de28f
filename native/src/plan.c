/* The plan reader. It trusts nothing: it checks sizes first, then every header. */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANY = PLAN_MAX_STRINGS };

static const struct {
	const char *name;
	size_t min, max;
} ops[OP_COUNT_] = {
	[OP_ID] = {"id", 1, 1},
	[OP_STATE_DIR] = {"state-dir", 1, 1},
	[OP_RUN_DIR] = {"run-dir", 1, 1},
	[OP_SUMMARY] = {"summary", 1, 1},
	[OP_USERNS] = {"userns", 1, 1},
	[OP_UID_MAP] = {"uid-map", 3, 3},
	[OP_GID_MAP] = {"gid-map", 3, 3},
	[OP_MAP_HELPERS] = {"map-helpers", 2, 2},
	[OP_STDIO] = {"stdio", 1, 1},
	[OP_STDIN] = {"stdin", 1, 1},
	[OP_DETACH] = {"detach", 1, 1},
	[OP_LOG] = {"log", 4, 4},
	[OP_TIMEOUT] = {"timeout", 1, 1},
	[OP_STOP_SIGNAL] = {"stop-signal", 1, 1},
	[OP_PID_FILE] = {"pid-file", 1, 1},
	[OP_SUPERVISOR_PID_FILE] = {"supervisor-pid-file", 1, 1},
	[OP_NOTIFY] = {"notify", 1, 1},
	[OP_INIT] = {"init", 1, 1},
	[OP_CGROUP_FROM] = {"cgroup-from", 1, 1},
	[OP_CGROUP_DIR] = {"cgroup-dir", 1, 1},
	[OP_CGROUP_WRITE] = {"cgroup-write", 2, 2},
	[OP_CGROUP_REQUIRED] = {"cgroup-required", 1, 1},
	[OP_SCOPE] = {"scope", 3, 16},
	[OP_ENDS_WITH_CLIENT] = {"ends-with-client", 1, 1},
	[OP_NETWORK_HELPER] = {"network-helper", 1, ANY},
	[OP_NETWORK_PORT] = {"network-port", 3, 3},
	[OP_UDP_RELAY] = {"udp-relay", 3, 3},
	[OP_EXIT_RELEASE] = {"exit-release", 2, 2},
	[OP_EXIT_REMOVE] = {"exit-remove", 1, 1},
	[OP_EXIT_RENAME] = {"exit-rename", 2, 2},
	[OP_EXIT_VOLUME] = {"exit-volume", 2, 2},
	[OP_NAMESPACE] = {"namespace", 2, 4},
	[OP_CONTAINER_UID_MAP] = {"container-uid-map", 3, 3},
	[OP_CONTAINER_GID_MAP] = {"container-gid-map", 3, 3},
	[OP_OVERLAY] = {"overlay", 3, ANY},
	[OP_OVERLAY_DATA] = {"overlay-data", 1, 1},
	[OP_FUSE_OVERLAYFS] = {"fuse-overlayfs", 1, 1},
	[OP_ACCOUNT] = {"account", 3, 3},
	[OP_ROOTFS] = {"rootfs", 1, 1},
	[OP_ROOT_READONLY] = {"root-readonly", 0, 0},
	[OP_VOLATILE] = {"volatile", 0, 0},
	[OP_MOUNT] = {"mount", 5, 5},
	[OP_BIND] = {"bind", 5, 5},
	[OP_COPY_UP] = {"copy-up", 2, 3},
	[OP_GIVE] = {"give", 1, 1},
	[OP_OVERLAY_BIND] = {"overlay-bind", 6, ANY},
	[OP_DEV_NODE] = {"dev-node", 2, 2},
	[OP_DEV_SETUP] = {"dev-setup", 2, 2},
	[OP_MASK] = {"mask", 1, 1},
	[OP_READONLY_PATH] = {"readonly-path", 1, 1},
	[OP_SYMLINK] = {"symlink", 2, 2},
	[OP_HOSTNAME] = {"hostname", 1, 1},
	[OP_SYSCTL] = {"sysctl", 2, 2},
	[OP_ARGS] = {"args", 1, ANY},
	[OP_ENV] = {"env", 0, ANY},
	[OP_CWD] = {"cwd", 2, 2},
	[OP_USER] = {"user", 1, 1},
	[OP_GROUP_ADD] = {"group-add", 1, 1024},
	[OP_HOME_DEFAULT] = {"home-default", 0, 0},
	[OP_UMASK] = {"umask", 1, 1},
	[OP_RLIMIT] = {"rlimit", 3, 3},
	[OP_OOM_SCORE_ADJ] = {"oom-score-adj", 1, 1},
	[OP_NO_NEW_PRIVILEGES] = {"no-new-privileges", 0, 0},
	[OP_CAPABILITIES] = {"capabilities", 5, 5},
	[OP_EMULATE] = {"emulate", 1, 1},
	[OP_SECCOMP] = {"seccomp", 1, 1},
	[OP_PRESERVE_FDS] = {"preserve-fds", 1, 1},
	[OP_NEW_KEYRING] = {"new-keyring", 0, 0},
	[OP_TERMINAL] = {"terminal", 2, 2},
	[OP_OWN_IDS] = {"own-ids", 0, 0},
	[OP_PERSONALITY] = {"personality", 1, 1},
};

static const char stage[] = "read launch plan";

static int find_op(const char *name, size_t length)
{
	for (int op = 0; op < OP_COUNT_; op++) {
		if (strlen(ops[op].name) == length && memcmp(ops[op].name, name, length) == 0)
			return op;
	}
	return -1;
}

/* Splits `OP COUNT`; the count is checked against the word and the @left strings after it. */
static int read_header(const char *header, size_t left, struct plan_record *record,
		       struct failure *failure)
{
	const char *blank = strrchr(header, ' ');
	uint64_t count;
	int op;

	if (blank == NULL || !parse_number(blank + 1, PLAN_MAX_STRINGS, &count))
		return fail_because(failure, stage, header, "not a record's header", 0);
	op = find_op(header, (size_t)(blank - header));
	if (op < 0)
		return fail_because(failure, stage, header, "no such record", 0);
	if (count < ops[op].min || count > ops[op].max)
		return fail_because(failure, stage, header, "wrong number of arguments", 0);
	if (count > left)
		return fail_because(failure, stage, header, "the plan ends within a record", 0);
	record->op = (enum plan_op)op;
	record->count = count;
	return 0;
}

/* Each header's place becomes the NULL that ends the arguments before it. */
static int read_records(struct plan *plan, size_t string_count, struct failure *failure)
{
	size_t at = 1;

	if (strcmp(plan->strings[0], "berth-plan 1") != 0)
		return fail_because(failure, stage, plan->strings[0],
				    "not a plan of version 1", 0);
	while (at < string_count && strcmp(plan->strings[at], "end 0") != 0) {
		struct plan_record *record = &plan->records[plan->record_count];

		if (read_header(plan->strings[at], string_count - at - 1, record, failure) < 0)
			return -1;
		plan->strings[at] = NULL;
		record->args = &plan->strings[at + 1];
		plan->record_count++;
		at += 1 + record->count;
	}
	if (at + 1 != string_count)
		return fail_because(failure, stage, "", "does not end with its end record", 0);
	plan->strings[at] = NULL;
	return 0;
}

/* Takes @plan->text and @plan->size, which are the caller's to free on failure. */
static int split(struct plan *plan, struct failure *failure)
{
	size_t count = 0, at = 0;

	if (plan->size == 0 || plan->text[plan->size - 1] != '\0')
		return fail_because(failure, stage, "", "does not end with its end record", 0);
	for (size_t i = 0; i < plan->size; i++)
		count += plan->text[i] == '\0';
	if (count > PLAN_MAX_STRINGS)
		return fail_because(failure, stage, "", "more than 65536 strings", 0);
	plan->strings = malloc((count + 1) * sizeof(*plan->strings));
	plan->records = malloc(count * sizeof(*plan->records));
	if (plan->strings == NULL || plan->records == NULL)
		return fail(failure, stage, "", ENOMEM);
	for (size_t i = 0; i < count; i++) {
		plan->strings[i] = plan->text + at;
		at += strlen(plan->text + at) + 1;
	}
	plan->strings[count] = NULL;
	return read_records(plan, count, failure);
}

int plan_parse(const char *text, size_t size, struct plan *plan, struct failure *failure)
{
	memset(plan, 0, sizeof(*plan));
	if (size > PLAN_MAX_BYTES)
		return fail_because(failure, stage, "", "more than 8 MiB", 0);
	plan->text = malloc(size + 1);
	if (plan->text == NULL)
		return fail(failure, stage, "", ENOMEM);
	memcpy(plan->text, text, size);
	plan->size = size;
	if (split(plan, failure) == 0)
		return 0;
	plan_free(plan);
	return -1;
}

static int read_all(int fd, struct plan *plan, struct failure *failure)
{
	size_t room = 0;

	for (;;) {
		ssize_t got;

		if (plan->size == room) {
			char *text;

			if (room > PLAN_MAX_BYTES)
				return fail_because(failure, stage, "", "more than 8 MiB", 0);
			room = room == 0 ? 32768 : room * 2;
			text = realloc(plan->text, room + 1);
			if (text == NULL)
				return fail(failure, stage, "", ENOMEM);
			plan->text = text;
		}
		got = read(fd, plan->text + plan->size, room - plan->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(failure, stage, "", errno);
		if (got == 0)
			break;
		plan->size += (size_t)got;
	}
	if (plan->size > PLAN_MAX_BYTES)
		return fail_because(failure, stage, "", "more than 8 MiB", 0);
	return 0;
}

int plan_read(int fd, struct plan *plan, struct failure *failure)
{
	memset(plan, 0, sizeof(*plan));
	if (read_all(fd, plan, failure) == 0 && split(plan, failure) == 0)
		return 0;
	plan_free(plan);
	return -1;
}

void plan_free(struct plan *plan)
{
	free(plan->text);
	free(plan->strings);
	free(plan->records);
	memset(plan, 0, sizeof(*plan));
}

const struct plan_record *plan_next(const struct plan *plan, enum plan_op op,
				    const struct plan_record *previous)
{
	size_t at = previous == NULL ? 0 : (size_t)(previous - plan->records) + 1;

	for (; at < plan->record_count; at++) {
		if (plan->records[at].op == op)
			return &plan->records[at];
	}
	return NULL;
}

const struct plan_record *plan_find(const struct plan *plan, enum plan_op op)
{
	return plan_next(plan, op, NULL);
}

const char *plan_value(const struct plan *plan, enum plan_op op, size_t index)
{
	const struct plan_record *record = plan_find(plan, op);

	return record == NULL || index >= record->count ? NULL : record->args[index];
}

bool plan_flag(const struct plan *plan, enum plan_op op)
{
	const struct plan_record *record = plan_find(plan, op);

	return record != NULL && (record->count == 0 || strcmp(record->args[0], "1") == 0);
}

const char *plan_op_name(enum plan_op op)
{
	return ops[op].name;
}

bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}

bool parse_signed(const char *text, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *text == '-';
	uint64_t value;
	int64_t result;

	if (!parse_number(text + negative, INT64_MAX, &value))
		return false;
	result = negative ? -(int64_t)value : (int64_t)value;
	if (result < min || result > max)
		return false;
	*out = result;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

long parse_hex(const char *text, unsigned char *out, size_t size)
{
	size_t length = strlen(text);

	if (length % 2 != 0 || length / 2 > size)
		return -1;
	for (size_t i = 0; i < length / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return (long)(length / 2);
}
