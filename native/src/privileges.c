/* Drops rights that the program must not have; without a `capabilities` record all of them. */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capabilities.h"
#include "handshake.h"

enum { BOUNDING, EFFECTIVE, PERMITTED, INHERITABLE, AMBIENT, SETS };
enum { FILTER_INSTRUCTIONS_MAX = 32768 };

static bool read_mask(const char *text, uint64_t *mask)
{
	uint64_t value = 0;

	if (*text == '\0' || strlen(text) > 16)
		return false;
	for (; *text != '\0'; text++) {
		const char *digits = "0123456789abcdef", *digit = strchr(digits, *text);

		if (digit == NULL)
			return false;
		value = value << 4 | (uint64_t)(digit - digits);
	}
	*mask = value;
	return true;
}

static int read_sets(const struct plan *plan, uint64_t sets[SETS], struct failure *failure)
{
	memset(sets, 0, SETS * sizeof(*sets));
	for (size_t i = 0; plan_find(plan, OP_CAPABILITIES) != NULL && i < SETS; i++) {
		const char *text = plan_value(plan, OP_CAPABILITIES, i);

		if (!read_mask(text, &sets[i]))
			return fail(failure, "set capabilities", text, EINVAL);
	}
	return 0;
}

/* EPERM of setgroups means a namespace where it is denied: no group can be dropped or added, and
 * only asking for one by name is an error. */
static int set_ids(const struct plan *plan, const struct identity *identity,
		   struct failure *failure)
{
	const char *spec = plan_value(plan, OP_USER, 0);
	uid_t uid = identity->uid;
	gid_t gid = identity->gid;

	if (!identity->keep_groups && setgroups(identity->group_count, identity->groups) < 0 &&
	    (errno != EPERM || plan_find(plan, OP_GROUP_ADD) != NULL))
		return errno == EINVAL
			? fail_because(failure, "set groups of user", spec,
				       "a group is not mapped into the user namespace", 0)
			: fail(failure, "set groups of user", spec, errno);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return fail(failure, "switch to user", spec, errno);
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return errno == EINVAL
			? fail_because(failure, "switch to user", spec,
				       "the id is not mapped into the user namespace", 0)
			: fail(failure, "switch to user", spec, errno);
	return 0;
}

int privileges_drop(const struct plan *plan, const struct identity *identity,
		    struct failure *failure)
{
	uint64_t sets[SETS];

	if (read_sets(plan, sets, failure) < 0)
		return -1;
	if (capabilities_bound(sets[BOUNDING]) < 0)
		return fail(failure, "drop capability", "", errno);
	return set_ids(plan, identity, failure);
}

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Loads a program; with @listens its notifications go to a new listener, which is returned.
 * A signal must not interrupt a call that is being carried out: from 5.19 on. */
static int install_filter(const struct sock_fprog *program, bool listens)
{
	unsigned long listening = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	long result;

	if (!listens)
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program);
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			 listening | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program);
	if (result < 0 && errno == EINVAL)
		result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, listening, program);
	return (int)result;
}

/* Return: the listener or 0, -1 with the failure. */
static int load_filter(const char *text, bool listens, struct failure *failure)
{
	size_t size = strlen(text) / 2;
	struct sock_filter *instructions = malloc(size + 1);
	struct sock_fprog program = {.filter = instructions};
	int result;

	if (instructions == NULL)
		return fail(failure, "load seccomp filter", "", ENOMEM);
	program.len = (unsigned short)(size / sizeof(*instructions));
	if (size == 0 || size % sizeof(*instructions) != 0 ||
	    size / sizeof(*instructions) > FILTER_INSTRUCTIONS_MAX ||
	    parse_hex(text, (unsigned char *)instructions, size) != (long)size) {
		result = fail(failure, "load seccomp filter", "", EINVAL);
	} else {
		result = install_filter(&program, listens);
		if (result < 0)
			fail(failure, "load seccomp filter", "", errno);
	}
	free(instructions);
	return result;
}

/* The emulated calls' filter first: what the profile refuses is refused, whatever they would be,
 * and the profile need not allow that the listener is sent. */
static int load_filters(const struct plan *plan, const struct identity *identity, int sync,
			struct failure *failure)
{
	const char *emulated = plan_value(plan, OP_EMULATE, 0);
	const char *profile = plan_value(plan, OP_SECCOMP, 0);

	if (emulated != NULL && identity->uid == 0) {
		int listener = load_filter(emulated, true, failure);

		/* EBUSY: root of a container above us is emulated, and one listener is all a
		 * process can have. That one leaves what is below it to the kernel. */
		if (listener < 0 && failure->error != EBUSY)
			return -1;
		if (listener >= 0) {
			handshake_send_listener(sync, listener);
			close(listener);
		}
	}
	return profile == NULL || load_filter(profile, false, failure) == 0 ? 0 : -1;
}

static int finish_capabilities(const uint64_t sets[SETS], struct failure *failure)
{
	if (capabilities_set(sets[EFFECTIVE], sets[PERMITTED], sets[INHERITABLE]) < 0)
		return fail(failure, "set capabilities", "", errno);
	if (capabilities_raise_ambient(sets[AMBIENT]) < 0)
		return fail(failure, "raise ambient capability", "", errno);
	return 0;
}

int privileges_finish(const struct plan *plan, const struct identity *identity, int sync,
		      struct failure *failure)
{
	bool no_new = plan_flag(plan, OP_NO_NEW_PRIVILEGES);
	uint64_t all = (uint64_t)1 << CAP_SYS_ADMIN, sets[SETS];

	if (read_sets(plan, sets, failure) < 0)
		return -1;
	if (no_new && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(failure, "set no-new-privileges", "", errno);
	/* With no_new_privs the filters come last, so that they need not allow capset and prctl;
	 * without, they take a capability that is dropped right after. */
	if (no_new) {
		if (finish_capabilities(sets, failure) < 0)
			return -1;
		return load_filters(plan, identity, sync, failure);
	}
	if (plan_find(plan, OP_SECCOMP) != NULL || plan_find(plan, OP_EMULATE) != NULL) {
		/* A change of ids from root has cleared the effective set. */
		if (capabilities_set(all, all | sets[PERMITTED], 0) < 0)
			return fail(failure, "set capabilities", "", errno);
		if (load_filters(plan, identity, sync, failure) < 0)
			return -1;
	}
	return finish_capabilities(sets, failure);
}
