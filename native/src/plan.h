/* Reads launch plans: NUL-terminated strings in records of a header `OP COUNT` and COUNT arguments.
 * docs/launch-plan.md is the reference. Values are pointers into the plan's own text; the code that
 * carries out a record checks what its values mean. */
#ifndef BERTH_PLAN_H
#define BERTH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

enum { PLAN_MAX_BYTES = 8 << 20, PLAN_MAX_STRINGS = 65536 };

enum plan_op {
	/* supervisor */
	OP_ID, OP_STATE_DIR, OP_RUN_DIR, OP_SUMMARY, OP_USERNS, OP_UID_MAP, OP_GID_MAP,
	OP_MAP_HELPERS, OP_STDIO, OP_STDIN, OP_DETACH, OP_LOG, OP_TIMEOUT, OP_STOP_SIGNAL,
	OP_PID_FILE, OP_SUPERVISOR_PID_FILE, OP_NOTIFY, OP_INIT, OP_CGROUP_FROM, OP_CGROUP_DIR,
	OP_CGROUP_WRITE, OP_CGROUP_REQUIRED, OP_SCOPE, OP_ENDS_WITH_CLIENT,
	OP_NETWORK_HELPER, OP_NETWORK_PORT, OP_UDP_RELAY,
	OP_EXIT_RELEASE, OP_EXIT_REMOVE, OP_EXIT_RENAME, OP_EXIT_VOLUME,

	/* container */
	OP_NAMESPACE, OP_CONTAINER_UID_MAP, OP_CONTAINER_GID_MAP, OP_OVERLAY, OP_OVERLAY_DATA,
	OP_FUSE_OVERLAYFS, OP_ACCOUNT, OP_ROOTFS, OP_ROOT_READONLY, OP_VOLATILE, OP_MOUNT, OP_BIND,
	OP_COPY_UP, OP_GIVE, OP_OVERLAY_BIND, OP_DEV_NODE, OP_DEV_SETUP, OP_MASK, OP_READONLY_PATH,
	OP_SYMLINK, OP_HOSTNAME, OP_SYSCTL,
	/* process */
	OP_ARGS, OP_ENV, OP_CWD, OP_USER, OP_GROUP_ADD, OP_HOME_DEFAULT, OP_UMASK, OP_RLIMIT,
	OP_OOM_SCORE_ADJ, OP_NO_NEW_PRIVILEGES, OP_CAPABILITIES, OP_EMULATE, OP_SECCOMP,
	OP_PRESERVE_FDS,
	OP_NEW_KEYRING, OP_TERMINAL, OP_OWN_IDS, OP_PERSONALITY,
	OP_COUNT_
};

struct plan_record {
	enum plan_op op;
	size_t count;
	char **args;	/* @count strings, then NULL: fit for execve */
};

struct plan {
	char *text;
	size_t size;
	char **strings;
	struct plan_record *records;
	size_t record_count;
};

/* Reads all of @fd, to its end, and splits it. On failure nothing is kept. */
int plan_read(int fd, struct plan *plan, struct failure *failure);

/* Takes a copy of @size bytes at @text. On failure nothing is kept. */
int plan_parse(const char *text, size_t size, struct plan *plan, struct failure *failure);

void plan_free(struct plan *plan);

/* The first record of @op, or NULL. */
const struct plan_record *plan_find(const struct plan *plan, enum plan_op op);

/* The record of @op after @previous (NULL: the first), or NULL: for records that repeat. */
const struct plan_record *plan_next(const struct plan *plan, enum plan_op op,
				    const struct plan_record *previous);

/* Argument @index of the first record of @op; NULL where there is none. */
const char *plan_value(const struct plan *plan, enum plan_op op, size_t index);

/* True where the plan has the record and its first argument is `1`, or it has no arguments. */
bool plan_flag(const struct plan *plan, enum plan_op op);

/* The record's word in plans, for messages. */
const char *plan_op_name(enum plan_op op);

/* A whole decimal number of at most @max: digits only. False leaves @out alone. */
bool parse_number(const char *text, uint64_t max, uint64_t *out);

/* A whole decimal number that may be negative, between @min and @max. */
bool parse_signed(const char *text, int64_t min, int64_t max, int64_t *out);

/* Lower-case hexadecimal digits in pairs into at most @size bytes; -1 where they are not. */
long parse_hex(const char *text, unsigned char *out, size_t size);

#endif
