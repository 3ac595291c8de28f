/* Fuzzes the readers of passwd and group: a user, a NUL, passwd, a NUL, group. */
#include "users.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct identity identity;
	char *text = calloc(1, size + 3), *passwd, *group, *args[] = {"staff", "7", NULL};
	struct plan_record added = {OP_GROUP_ADD, 2, args};
	struct failure failure;

	memcpy(text, data, size);
	passwd = text + strlen(text) + 1;
	group = passwd + strlen(passwd) + 1;
	/* Ids that others wrap are never given. */
	if (identity_parse(passwd, group, text, &added, &identity, &failure) == 0 &&
	    (identity.uid > INT32_MAX || identity.gid > INT32_MAX ||
	     identity.group_count > MAX_GROUPS || identity.home[0] != '/'))
		abort();
	free(text);
	return 0;
}
